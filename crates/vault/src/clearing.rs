//! Clearing the vault's files of what was deleted.

use hushwing_protocol::store::{StoreError, Table};

use crate::vault::Vault;

impl Vault {
    /// Makes everything that was deleted unreadable even for who has the passphrase: the
    /// rows of every table and the index of texts are written anew, old pages are overwritten, the log is emptied
    /// and all snapshots are removed. Takes time in proportion to all rows.
    ///
    /// [HW-VAULT-46] Afterwards no file of the vault holds a value that was deleted before,
    /// but for damaged files that were kept aside ([`Vault::damaged_files`]).
    ///
    /// # Errors
    /// [`StoreError`]; all rows are as they were, and it can be tried again. While a copy
    /// is being taken it fails at once.
    pub fn clear_deleted(&mut self) -> Result<(), StoreError> {
        let tables: Vec<Table> = (0..=u8::MAX)
            .map(Table)
            .filter(|table| self.has_table(*table))
            .collect();
        self.purge_with_index(&tables)?;
        self.remove_snapshots_before(u64::MAX)
            .map_err(|error| StoreError::Medium(error.to_string()))
    }
}
