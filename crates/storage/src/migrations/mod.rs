//! The tables, built up step by step. A step that has been released is never changed.

#![expect(
    elided_lifetimes_in_paths,
    reason = "MigrationTrait leaves out the lifetime of SchemaManager, and so must who implements it"
)]

mod m0001_base;
mod m0002_ingestion;
mod m0002_rejects;
mod m0003_scoring;
mod m0004_coding;
mod m0005_history;
mod m0006_facts;
mod m0007_definition_events;
mod m0008_merge;
mod m0009_match_keys;
mod m0010_matching;
mod m0011_evaluation;
mod m0012_quality;
mod m0013_retraction;
mod m0014_lookup;
mod m0015_late_reason;

use sea_orm_migration::prelude::*;

use crate::dialect;

pub(crate) struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m0001_base::Migration),
            Box::new(m0002_ingestion::Migration),
            Box::new(m0003_scoring::Migration),
            Box::new(m0004_coding::Migration),
            Box::new(m0005_history::Migration),
            Box::new(m0006_facts::Migration),
            Box::new(m0007_definition_events::Migration),
            Box::new(m0008_merge::Migration),
            Box::new(m0009_match_keys::Migration),
            Box::new(m0010_matching::Migration),
            Box::new(m0011_evaluation::Migration),
            Box::new(m0012_quality::Migration),
            Box::new(m0013_retraction::Migration),
            Box::new(m0014_lookup::Migration),
            Box::new(m0015_late_reason::Migration),
        ]
    }
}

/// A text column for an identifier: not null, compared byte by byte on both databases.
fn key_text(manager: &SchemaManager<'_>, name: &'static str) -> ColumnDef {
    dialect::key_text(manager.get_database_backend(), name)
}

/// Drops the tables, in the order given.
async fn drop_tables(manager: &SchemaManager<'_>, tables: &[&'static str]) -> Result<(), DbErr> {
    for &table in tables {
        manager.drop_table(Table::drop().table(table).to_owned()).await?;
    }
    Ok(())
}
