//! Names that the user gives to contacts.
//!
//! A contact says a name of itself once, when the two meet, and anybody can say any name.
//! What the user calls it is a row of its own: it outlives damage to the contact's row, is
//! told to nobody, and takes the other's place wherever a contact is named. `[HW-NAME-1]`

use hushwing_protocol::{Ctx, store::StoreError};
use hushwing_wire::limits::MAX_NAME_LEN;

use crate::{
    Engine,
    commands::find_contact,
    rows::{ContactId, ContactRow, NameRow, Rows},
    view::{CommandError, ErrorCode, Reply},
    views::{self, store_error},
};

/// What a contact without any name is called in a sentence.
const NAMELESS: &str = "a contact";

impl Engine {
    /// Calls a contact so from now on; an empty name gives it back the one that it gave
    /// itself.
    pub(crate) fn rename(
        &mut self,
        ctx: &mut Ctx<'_>,
        who: &str,
        name: &str,
    ) -> Result<Reply, CommandError> {
        let name = name.trim();
        if name.len() > MAX_NAME_LEN {
            return Err(CommandError::new(ErrorCode::BadInput, views::LONG_NAME));
        }
        let id = find_contact(ctx, who)?;
        let rows = Rows(ctx.store);
        let stored = if name.is_empty() {
            rows.delete_name(&id)
        } else {
            rows.put_name(&id, &NameRow { name: name.into() })
        };
        stored.map_err(store_error)?;
        let view = self.view_of_any(ctx, &id)?;
        self.tell(crate::view::Event::Contact(view.clone()));
        Ok(Reply::Contact(view))
    }
}

/// What people read as a contact's name; may be empty.
pub(crate) fn name_of(
    ctx: &Ctx<'_>,
    id: &ContactId,
    row: &ContactRow,
) -> Result<String, StoreError> {
    let chosen = Rows(ctx.store).name(id)?;
    Ok(chosen.map_or_else(|| row.name.clone(), |chosen| chosen.name))
}

/// The same in the middle of a sentence.
pub(crate) fn named(ctx: &Ctx<'_>, id: &ContactId, row: &ContactRow) -> Result<String, StoreError> {
    let name = name_of(ctx, id, row)?;
    Ok(if name.is_empty() {
        NAMELESS.to_owned()
    } else {
        name
    })
}
