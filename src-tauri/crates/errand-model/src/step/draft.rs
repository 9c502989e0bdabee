use errand_base::{RunId, Timestamp};

use super::Step;
use crate::{
    By, Choice, Effect, Given, Question, QuestionKind, Reason, Refused, Stage, State, Subject, Task, Timer,
    TimerKind, Transition,
};

/// The next state of a task while it is being worked out, with the effects found so far.
pub(super) struct Draft {
    pub task: Task,
    pub now: Timestamp,
    from: State,
    effects: Vec<Effect>,
}

/// A state to enter, with the reason for it.
pub(super) struct Entry {
    pub state: State,
    pub reason: Reason,
    pub text: String,
}

impl Draft {
    pub fn new(task: &Task, now: Timestamp) -> Draft {
        Draft { task: task.clone(), now, from: task.state, effects: Vec::new() }
    }

    pub fn finish(mut self) -> Step {
        self.task.version += 1;
        Step { task: self.task, effects: self.effects }
    }

    pub fn effect(&mut self, effect: Effect) {
        self.effects.push(effect);
    }

    /// Changes the state; a final one takes timers and questions with it and is told to whoever waits.
    pub fn enter(&mut self, entry: Entry) {
        let Entry { state, reason, text } = entry;
        if state.is_final() {
            self.task.timers.clear();
            self.task.holds = crate::Holds::default();
            self.withdraw_all();
            self.effect(Effect::TellDependents);
        }
        self.task.talk.awaits &= state == State::Sleeping;
        self.task.state = state;
        self.task.reason = reason;
        self.task.reason_text.clone_from(&text);
        self.note(reason, text);
    }

    /// Writes a line into the timeline. The reason for the state itself stays: a pause, for example, is shown
    /// beside it.
    pub fn note(&mut self, reason: Reason, text: String) {
        let from = if self.task.version == 0 { "" } else { self.from.name() };
        let to = self.task.state.name();
        self.effect(Effect::Record(Transition { subject: Subject::Task, from, to, reason, text }));
    }

    pub fn note_run(
        &mut self,
        run: RunId,
        from: &'static str,
        to: &'static str,
        reason: Reason,
        text: String,
    ) {
        self.effect(Effect::Record(Transition { subject: Subject::Run(run), from, to, reason, text }));
    }

    pub fn arm(&mut self, kind: TimerKind, due: Timestamp) {
        let id = self.task.next_timer;
        self.task.next_timer += 1;
        self.task.timers.push(Timer { id, kind, due });
    }

    pub fn disarm(&mut self, kind: TimerKind) {
        self.task.timers.retain(|timer| timer.kind != kind);
    }

    pub fn take_timer(&mut self, id: u32) -> Result<TimerKind, Refused> {
        let at = self.task.timers.iter().position(|timer| timer.id == id).ok_or(Refused::StaleTimer)?;
        Ok(self.task.timers.remove(at).kind)
    }

    pub fn has_timer(&self, kind: TimerKind) -> bool {
        self.task.timers.iter().any(|timer| timer.kind == kind)
    }

    pub fn ask(&mut self, text: String, choices: Vec<Choice>, reason: Reason) {
        let n = self.task.next_question;
        self.open_question(
            Question {
                n,
                kind: QuestionKind::Blocker,
                text,
                choices,
                options: Vec::new(),
                open: false,
                fields: Vec::new(),
                approval: None,
                asked_at: self.now,
            },
            reason,
        );
    }

    /// A worker's own question.
    pub fn ask_for(&mut self, ask: &crate::Ask, reason: Reason) {
        let question = Question::asked(self.task.next_question, ask, self.now);
        self.open_question(question, reason);
    }

    /// A request of a worker.
    pub fn ask_approval(&mut self, approval: crate::approval::Approval) {
        let question = Question::about(self.task.next_question, approval, self.now);
        self.open_question(question, Reason::ApprovalAsked);
    }

    fn open_question(&mut self, question: Question, reason: Reason) {
        self.task.next_question += 1;
        self.effect(Effect::Record(Transition {
            subject: Subject::Question(question.n),
            from: "",
            to: "open",
            reason,
            text: question.text.clone(),
        }));
        self.effect(Effect::Ask(question.clone()));
        self.effect(Effect::Deliver(crate::DeliveryKind::Question));
        self.task.questions.push(question);
    }

    /// Closes a question: answered, or withdrawn when `answer` is `None`.
    pub fn settle(&mut self, n: u32, answer: Option<(Given, By)>, text: &str) {
        self.task.questions.retain(|question| question.n != n);
        let (to, reason) = match answer {
            Some(_) => ("answered", Reason::AnsweredByPerson),
            None => ("withdrawn", Reason::Settled),
        };
        let (given, by) = answer.unzip();
        let verdicts = given.as_ref().map(|given| given.verdicts.clone()).unwrap_or_default();
        let (choice, told) = given.map(|given| (given.shown, given.told)).unzip();
        self.effect(Effect::Settle { question: n, choice, told, verdicts, by });
        self.effect(Effect::Record(Transition {
            subject: Subject::Question(n),
            from: "open",
            to,
            reason,
            text: text.to_owned(),
        }));
    }

    pub fn withdraw_all(&mut self) {
        let open: Vec<u32> = self.task.questions.iter().map(|question| question.n).collect();
        for n in open {
            self.settle(n, None, "It no longer matters");
        }
    }

    /// Withdraws the open question that offers `choice`, if there is one.
    pub fn withdraw_offering(&mut self, choice: Choice, text: &str) -> bool {
        let open = self.task.questions.iter().find(|question| question.choices.contains(&choice));
        let Some(n) = open.map(|question| question.n) else { return false };
        self.settle(n, None, text);
        true
    }

    /// The stage of the run that an event speaks of; refused if it is not this task's run.
    pub fn stage_of(&self, id: RunId) -> Result<Stage, Refused> {
        match &self.task.run {
            Some(run) if run.id == id => Ok(run.stage),
            Some(_) | None => Err(Refused::OtherRun),
        }
    }

    /// Marks the run as decided; its processes are, or soon will be, on their way out.
    pub fn ending(&mut self) {
        if let Some(run) = &mut self.task.run {
            run.stage = Stage::Ending;
            run.working_since = None;
        }
    }

    /// Adds the time for which the run has worked to what the task has used.
    pub fn bill(&mut self) {
        let since = self.task.run.as_mut().and_then(|run| run.working_since.take());
        if let Some(since) = since {
            self.task.executed += self.now.since(since);
        }
        self.stop_clock();
    }

    /// It uses up no execution time any more; what it has used since it was last billed is left out.
    pub fn stop_clock(&mut self) {
        if let Some(run) = &mut self.task.run {
            run.working_since = None;
        }
        self.disarm(TimerKind::Limit);
        self.disarm(TimerKind::Turn);
    }

    /// The wall clock ran ahead by so many milliseconds in which nothing was executed.
    pub fn shift_clock(&mut self, millis: i64) {
        if let Some(since) = self.task.run.as_mut().and_then(|run| run.working_since.as_mut()) {
            *since = since.shifted(millis);
        }
        for timer in &mut self.task.timers {
            match timer.kind {
                TimerKind::Limit | TimerKind::Turn => timer.due = timer.due.shifted(millis),
                TimerKind::Start => {}
            }
        }
    }

    /// From now on the run uses up execution time.
    pub fn work(&mut self) {
        if let Some(run) = &mut self.task.run {
            run.working_since = Some(self.now);
        }
        if let Some(limit) = self.task.policy.timeout {
            let left = limit.saturating_sub(self.task.executed);
            self.arm(TimerKind::Limit, self.now.plus(left));
        }
    }

    /// A turn is over and no process of the run is left: so is the run, unless something is to be done after it.
    pub fn leave_run(&mut self, id: RunId, winds_up: bool, reason: Reason, text: &str) {
        if winds_up {
            self.ending();
            self.note_run(id, "executing", "ending", reason, text.to_owned());
            self.effect(Effect::End { run: id });
        } else {
            self.drop_run(id, "executing", reason, text);
        }
    }

    /// The last process is gone: the slot is free.
    pub fn drop_run(&mut self, id: RunId, from: &'static str, reason: Reason, text: &str) {
        self.task.run = None;
        self.note_run(id, from, "over", reason, text.to_owned());
        self.effect(Effect::Free { run: id });
    }
}
