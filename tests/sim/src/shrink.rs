//! Making a failing seed small: what is left when every fault and act that the
//! failure does not need is taken out.

use std::collections::BTreeSet;

use crate::{
    plan::{Part, Plan},
    world::Setting,
};

/// Runs that shrinking may take.
const MAX_RUNS: usize = 200;

/// A defect without its numbers: what a smaller part has to show as well, since
/// nearly nothing also fails, in other ways.
fn kind_of(defect: &str) -> String {
    defect.chars().filter(|c| !c.is_ascii_digit()).collect()
}

/// The smallest part of `seed`'s plan that was found to fail in the same way.
///
/// # Errors
/// When this machine cannot hold the vaults.
pub fn shrink(seed: u64, setting: &Setting) -> anyhow::Result<Part> {
    let whole = Plan::draw_always(seed, setting.always);
    let mut part = Part {
        faults: Some(
            setting
                .part
                .faults
                .clone()
                .unwrap_or_else(|| whole.faults.clone()),
        ),
        acts: Some(
            setting
                .part
                .acts
                .clone()
                .unwrap_or_else(|| (0..whole.acts.len()).collect()),
        ),
    };
    let first = crate::run(seed, setting)?;
    let Some(wanted) = first.defects.first().map(|defect| kind_of(defect)) else {
        return Ok(part);
    };
    let mut runs = 0;
    let mut fails = |part: &Part| -> anyhow::Result<bool> {
        runs += 1;
        if runs > MAX_RUNS {
            return Ok(false);
        }
        let setting = Setting {
            part: part.clone(),
            print: false,
            ..setting.clone()
        };
        let report = crate::run(seed, &setting)?;
        Ok(report
            .defects
            .iter()
            .any(|defect| kind_of(defect) == wanted))
    };
    for fault in part.faults.clone().unwrap_or_default() {
        let mut without = part.clone();
        if let Some(faults) = without.faults.as_mut() {
            faults.remove(&fault);
        }
        if fails(&without)? {
            part = without;
        }
    }
    let mut size = part.acts.as_ref().map_or(0, BTreeSet::len) / 2;
    while size > 0 {
        let acts: Vec<usize> = part.acts.clone().unwrap_or_default().into_iter().collect();
        for chunk in acts.chunks(size) {
            let mut without = part.clone();
            if let Some(acts) = without.acts.as_mut() {
                acts.retain(|act| !chunk.contains(act));
            }
            if fails(&without)? {
                part = without;
            }
        }
        size /= 2;
    }
    Ok(part)
}
