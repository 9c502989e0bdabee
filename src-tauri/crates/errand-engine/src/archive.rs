//! The archive: ended tasks that a person wants out of sight, with what they have handed on. They are kept as long as
//! any other ended task.

use errand_base::{Code, Fault, TaskId, Timestamp};
use errand_model::{Reason, Subject, Surface, Transition};
use errand_store::{StoreError, WriteTx};

/// Puts an ended task into the archive, or takes it out.
pub(crate) fn write(
    tx: &mut WriteTx<'_>,
    id: &TaskId,
    archive: bool,
    surface: Surface,
    now: Timestamp,
) -> Result<(), StoreError> {
    let Some(stored) = tx.tasks().load(id)? else {
        return Err(Fault::new(Code::TaskNotFound, format!("There is no task {id}.")).into());
    };
    let refuse = |text: String, hint: &str| Err(Fault::new(Code::IllegalState, text).hint(hint).into());
    let state = stored.task.state;
    if !state.is_final() {
        let hint = format!("`errand cancel {id}` ends it.");
        return refuse(format!("{id} is not over, so it stays in sight."), &hint);
    }
    if !tx.tasks().archive(stored.seq, archive, now)? {
        let hint = "`errand list --archived` shows what is archived, too.";
        let text = if archive { "is archived already" } else { "is not archived" };
        return refuse(format!("{id} {text}."), hint);
    }
    for kin in tx.tasks().below(stored.seq)? {
        // Some may be there already, or on their way to their end.
        tx.tasks().archive(kin.seq, archive, now)?;
    }
    let (reason, what) =
        if archive { (Reason::Archived, "Archived") } else { (Reason::Restored, "Taken out of the archive") };
    let transition = Transition {
        subject: Subject::Task,
        from: state.name(),
        to: state.name(),
        reason,
        text: format!("{what} {}", surface.phrase()),
    };
    tx.transitions().record((stored.seq, id), &transition, now)?;
    Ok(())
}
