//! The schema of the database and the steps from one version to the next.

use hushwing_protocol::store::Table;
use rusqlite::{Connection, OptionalExtension as _, TransactionBehavior};

use crate::{database::DatabaseError, index};

/// One step: SQL that takes a database of the version before to the next.
type Migration = &'static str;

/// All steps, oldest first; the schema version is how many were taken. A step
/// that was released is never edited, the next one is added at the end.
///
/// The tables of rows are made when they are first written, see
/// [`create_rows`].
const MIGRATIONS: &[Migration] = &[
    "CREATE TABLE meta (
        name TEXT PRIMARY KEY NOT NULL,
        value INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    INSERT INTO meta VALUES ('schema', 0);",
    // Empty: who opens the vault takes the texts in that it holds.
    index::CREATE_2,
    // An index in which beginnings of words are found at once. Rows know how often a contact
    // took another identity and which invites came back from a backup, which an older program
    // would drop.
    index::RENEW,
];

/// The newest version of the schema, which vaults have that this program opened.
pub const FORMAT: usize = MIGRATIONS.len();

/// Brings the empty database of a new vault to the present version.
pub(crate) fn create(connection: &mut Connection) -> Result<(), DatabaseError> {
    migrate(connection, 0, MIGRATIONS)
}

/// Brings the database of an existing vault to the present version.
///
/// [HW-VAULT-8] A vault whose schema is newer is refused, untouched. An older
/// one is migrated step by step, each step in one transaction. A database
/// without a schema (a file that was cut to nothing is a valid empty one) is
/// damage, never a fresh start.
pub(crate) fn upgrade(connection: &mut Connection) -> Result<(), DatabaseError> {
    let version = version(connection)?;
    migrate(connection, version, MIGRATIONS)
}

fn version(connection: &Connection) -> Result<usize, DatabaseError> {
    let made: bool = connection.query_row(
        "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'meta'",
        [],
        |row| row.get(0),
    )?;
    if !made {
        return Err(DatabaseError::Damaged("its database is empty"));
    }
    let version: i64 =
        connection.query_row("SELECT value FROM meta WHERE name = 'schema'", [], |row| {
            row.get(0)
        })?;
    usize::try_from(version)
        .map_err(|_| DatabaseError::Damaged("its database has no valid version"))
}

fn migrate(
    connection: &mut Connection,
    from: usize,
    migrations: &[Migration],
) -> Result<(), DatabaseError> {
    let steps = migrations.get(from..).ok_or(DatabaseError::Newer)?;
    for step in steps {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        transaction.execute_batch(step)?;
        transaction.execute(
            "UPDATE meta SET value = value + 1 WHERE name = 'schema'",
            [],
        )?;
        transaction.commit()?;
    }
    Ok(())
}

/// Refuses a database that a newer version made, and one without a schema.
pub(crate) fn require_known(connection: &Connection) -> Result<(), DatabaseError> {
    if version(connection)? > MIGRATIONS.len() {
        return Err(DatabaseError::Newer);
    }
    Ok(())
}

/// What `meta` says of a state that came from a copy: when that was made, in milliseconds
/// since 1970.
const OLDER_STATE: &str = "older_state";

/// Notes that this state is older than the newest one that there was.
pub(crate) fn mark_older_state(
    connection: &Connection,
    made_at_ms: u64,
) -> Result<(), DatabaseError> {
    let made_at_ms = i64::try_from(made_at_ms).unwrap_or(i64::MAX);
    connection.execute(
        "INSERT OR REPLACE INTO meta VALUES (?1, ?2)",
        (OLDER_STATE, made_at_ms),
    )?;
    Ok(())
}

pub(crate) fn older_state(connection: &Connection) -> Result<Option<u64>, DatabaseError> {
    let made_at_ms: Option<i64> = connection
        .query_row(
            "SELECT value FROM meta WHERE name = ?1",
            [OLDER_STATE],
            |row| row.get(0),
        )
        .optional()?;
    Ok(made_at_ms.map(|ms| u64::try_from(ms).unwrap_or(0)))
}

pub(crate) fn forget_older_state(connection: &Connection) -> Result<(), DatabaseError> {
    connection.execute("DELETE FROM meta WHERE name = ?1", [OLDER_STATE])?;
    Ok(())
}

/// Which tables of rows there are, one bit a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct TableSet([u64; 4]);

impl TableSet {
    /// The tables of rows in the database.
    pub(crate) fn read(connection: &Connection) -> Result<Self, DatabaseError> {
        let mut statement = connection.prepare(
            "SELECT substr(name, 6) FROM sqlite_schema
             WHERE type = 'table' AND name GLOB 'rows_*'",
        )?;
        let mut set = Self::default();
        for number in statement.query_map([], |row| row.get::<_, String>(0))? {
            let number = number?
                .parse()
                .map_err(|_| DatabaseError::Damaged("its database holds something else"))?;
            set.insert(Table(number));
        }
        Ok(set)
    }

    pub(crate) fn contains(&self, Table(number): Table) -> bool {
        self.0[usize::from(number / 64)] & (1 << (number % 64)) != 0
    }

    pub(crate) fn insert(&mut self, Table(number): Table) {
        self.0[usize::from(number / 64)] |= 1 << (number % 64);
    }
}

/// The name of the SQL table that holds the rows of `table`.
pub(crate) fn rows_name(Table(number): Table) -> String {
    format!("rows_{number}")
}

/// Makes the SQL table `name` for rows.
///
/// A table with a hidden row number and an index on the key, not `WITHOUT
/// ROWID`: with values inside the index, a row of 16 KiB took 3.8 times as long
/// to write and 6 times as long to read, one of 500 B 3.4 and 3.9 times. What it
/// costs is a scan of small rows in an order unlike that of writing (17 µs a row
/// against 6); a purge puts them in order. Pages of 8 and 16 KiB gained nothing
/// that the sync of a commit does not hide.
pub(crate) fn create_rows(connection: &Connection, name: &str) -> Result<(), DatabaseError> {
    Ok(connection.execute_batch(&format!(
        "CREATE TABLE {name} (
            key BLOB PRIMARY KEY NOT NULL,
            value BLOB NOT NULL
        ) STRICT;"
    ))?)
}

/// Copies the rows of `table` into new pages and frees the old ones, which
/// overwrites them whole.
pub(crate) fn rewrite_rows(connection: &Connection, table: Table) -> Result<(), DatabaseError> {
    let name = rows_name(table);
    create_rows(connection, "rewritten")?;
    Ok(connection.execute_batch(&format!(
        "INSERT INTO rewritten SELECT key, value FROM {name} ORDER BY key;
         DROP TABLE {name};
         ALTER TABLE rewritten RENAME TO {name};"
    ))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO_STEPS: &[Migration] = &[MIGRATIONS[0], "CREATE TABLE later (x INTEGER) STRICT;"];
    const ONE_MORE: &[Migration] = &[
        MIGRATIONS[0],
        MIGRATIONS[1],
        MIGRATIONS[2],
        "CREATE TABLE later (x INTEGER) STRICT;",
    ];
    const BROKEN_SECOND: &[Migration] = &[
        MIGRATIONS[0],
        "CREATE TABLE later (x INTEGER) STRICT; INSERT INTO nowhere VALUES (1);",
    ];

    fn database() -> Connection {
        Connection::open_in_memory().unwrap()
    }

    fn has_later(connection: &Connection) -> bool {
        connection.prepare("SELECT x FROM later").is_ok()
    }

    #[test]
    fn an_old_database_is_brought_up_step_by_step() {
        let mut connection = database();
        migrate(&mut connection, 0, &TWO_STEPS[..1]).unwrap();
        assert_eq!(version(&connection), Ok(1));
        assert!(!has_later(&connection));
        migrate(&mut connection, 1, TWO_STEPS).unwrap();
        assert_eq!(version(&connection), Ok(2));
        assert!(has_later(&connection));
        migrate(&mut connection, 2, TWO_STEPS).unwrap();
        assert_eq!(version(&connection), Ok(2));
    }

    #[test]
    fn a_step_that_fails_leaves_the_version_before_it() {
        let mut connection = database();
        assert!(migrate(&mut connection, 0, BROKEN_SECOND).is_err());
        assert_eq!(version(&connection), Ok(1));
        assert!(!has_later(&connection));
    }

    #[test]
    fn a_newer_schema_is_named_as_such_and_left_alone() {
        let mut connection = database();
        migrate(&mut connection, 0, ONE_MORE).unwrap();
        assert_eq!(upgrade(&mut connection), Err(DatabaseError::Newer));
        assert_eq!(version(&connection), Ok(MIGRATIONS.len() + 1));
    }

    #[test]
    fn a_database_without_a_usable_version_is_damaged() {
        let mut connection = database();
        assert!(matches!(
            upgrade(&mut connection),
            Err(DatabaseError::Damaged(_))
        ));
        create(&mut connection).unwrap();
        for spoil in ["UPDATE meta SET value = -1", "DELETE FROM meta"] {
            connection.execute(spoil, []).unwrap();
            assert!(matches!(
                upgrade(&mut connection),
                Err(DatabaseError::Damaged(_))
            ));
        }
    }

    #[test]
    fn tables_are_found_again_by_their_numbers() {
        let connection = database();
        let mut made = TableSet::default();
        for table in [0, 1, 63, 64, 127, 128, 255].map(Table) {
            create_rows(&connection, &rows_name(table)).unwrap();
            made.insert(table);
        }
        let read = TableSet::read(&connection).unwrap();
        assert_eq!(read, made);
        assert!(read.contains(Table(64)) && !read.contains(Table(65)));
        create_rows(&connection, "rows_256").unwrap();
        assert!(TableSet::read(&connection).is_err());
    }
}
