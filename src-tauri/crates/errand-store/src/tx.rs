use std::ops::Deref;

use rusqlite::Connection;

use crate::table::{
    Artifacts, ArtifactsMut, Change, Credentials, CredentialsMut, Deliveries, DeliveriesMut, FolderFiles,
    FolderFilesMut, Grants, GrantsMut, Keys, KeysMut, Questions, QuestionsMut, Runs, RunsMut, Settings,
    SettingsMut, Tasks, TasksMut, Transitions, TransitionsMut, Turns, TurnsMut,
};

/// Everything that can be read, as of one moment.
pub struct Reader<'a> {
    pub(crate) conn: &'a Connection,
}

/// Everything that can be written. It commits together with the rest of its group, or not at all.
pub struct WriteTx<'a> {
    reader: Reader<'a>,
    pub(crate) pending: &'a mut Pending,
}

/// What a transaction owes once its jobs have run.
#[derive(Default)]
pub(crate) struct Pending {
    /// To be published after the commit.
    pub changes: Vec<Change>,
    /// Tasks whose words have changed.
    pub words: Vec<i64>,
}

/// The handles of the tables.
impl<'a> Reader<'a> {
    pub(crate) fn new(conn: &'a Connection) -> Reader<'a> {
        Reader { conn }
    }

    pub fn tasks(&self) -> Tasks<'a> {
        Tasks { conn: self.conn }
    }

    pub fn runs(&self) -> Runs<'a> {
        Runs { conn: self.conn }
    }

    pub fn questions(&self) -> Questions<'a> {
        Questions { conn: self.conn }
    }

    pub fn artifacts(&self) -> Artifacts<'a> {
        Artifacts { conn: self.conn }
    }

    pub fn turns(&self) -> Turns<'a> {
        Turns { conn: self.conn }
    }

    pub fn deliveries(&self) -> Deliveries<'a> {
        Deliveries { conn: self.conn }
    }

    pub fn transitions(&self) -> Transitions<'a> {
        Transitions { conn: self.conn }
    }

    pub fn settings(&self) -> Settings<'a> {
        Settings { conn: self.conn }
    }

    pub fn folder_files(&self) -> FolderFiles<'a> {
        FolderFiles { conn: self.conn }
    }

    pub fn credentials(&self) -> Credentials<'a> {
        Credentials { conn: self.conn }
    }

    pub fn grants(&self) -> Grants<'a> {
        Grants { conn: self.conn }
    }

    pub fn keys(&self) -> Keys<'a> {
        Keys { conn: self.conn }
    }
}

impl<'a> WriteTx<'a> {
    pub(crate) fn new(conn: &'a Connection, pending: &'a mut Pending) -> WriteTx<'a> {
        WriteTx { reader: Reader { conn }, pending }
    }

    pub fn tasks(&mut self) -> TasksMut<'_> {
        TasksMut { read: self.reader.tasks(), words: &mut self.pending.words }
    }

    pub fn runs(&mut self) -> RunsMut<'_> {
        RunsMut { read: self.reader.runs() }
    }

    pub fn questions(&mut self) -> QuestionsMut<'_> {
        QuestionsMut { read: self.reader.questions() }
    }

    pub fn artifacts(&mut self) -> ArtifactsMut<'_> {
        ArtifactsMut { read: self.reader.artifacts(), words: &mut self.pending.words }
    }

    pub fn turns(&mut self) -> TurnsMut<'_> {
        TurnsMut { read: self.reader.turns() }
    }

    pub fn deliveries(&mut self) -> DeliveriesMut<'_> {
        DeliveriesMut { read: self.reader.deliveries() }
    }

    pub fn transitions(&mut self) -> TransitionsMut<'_> {
        TransitionsMut { read: self.reader.transitions(), changes: &mut self.pending.changes }
    }

    pub fn settings(&mut self) -> SettingsMut<'_> {
        SettingsMut { read: self.reader.settings() }
    }

    pub fn folder_files(&mut self) -> FolderFilesMut<'_> {
        FolderFilesMut { read: self.reader.folder_files() }
    }

    pub fn credentials(&mut self) -> CredentialsMut<'_> {
        CredentialsMut { read: self.reader.credentials() }
    }

    pub fn grants(&mut self) -> GrantsMut<'_> {
        GrantsMut { read: self.reader.grants() }
    }

    pub fn keys(&mut self) -> KeysMut<'_> {
        KeysMut { read: self.reader.keys() }
    }
}

impl<'a> Deref for WriteTx<'a> {
    type Target = Reader<'a>;

    fn deref(&self) -> &Reader<'a> {
        &self.reader
    }
}
