//! Declared attributes: definitions in versions without drafts, so that a declaration holds at
//! once, in every process.

use std::sync::{Arc, Mutex, PoisonError};

use kehu_core::attribute::{Attribute, Attributes};

use crate::definitions::{self, Definition, Kind};
use crate::document::Document;
use crate::{Database, Error};

/// A declaration.
pub type AttributeVersion = definitions::Version<Attribute>;

impl Document for Attribute {
    const NAME: &'static str = "attribute";
}

impl Definition for Attribute {
    const KIND: Kind =
        Kind { name: "attribute", collection: "attributes", versioned: true, approval: false };

    type Frozen = ();

    fn id(&self) -> &str {
        &self.id
    }
}

/// The attributes that take values as of now, read when somebody has declared one since.
#[derive(Debug, Clone)]
pub struct DeclaredAttributes {
    db: Database,
    /// With the number of declarations that were read.
    held: Arc<Mutex<(i64, Arc<Attributes>)>>,
}

impl DeclaredAttributes {
    /// Those of a database.
    pub fn new(db: Database) -> Self {
        Self { db, held: Arc::default() }
    }

    /// All of them. The same value as before when nothing was declared since.
    pub async fn current(&self) -> Result<Arc<Attributes>, Error> {
        // The number first: what comes between the two is found to be new by the next call.
        let count = definitions::count(self.db.reader(), &Attribute::KIND).await?;
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if held.0 == count {
            return Ok(held.1);
        }
        let declared = definitions::in_force::<Attribute>(&self.db, &[] as &[&str]).await?;
        let declared = declared.into_iter().map(|version| version.definition);
        let attributes = Arc::new(Attributes::new(declared));
        let read = (count, Arc::clone(&attributes));
        *self.held.lock().unwrap_or_else(PoisonError::into_inner) = read;
        Ok(attributes)
    }
}
