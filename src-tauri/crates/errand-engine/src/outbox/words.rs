//! What a notification says.
//!
//! Its title is ours, always one line; whatever somebody else wrote is flattened into lines that follow it. So
//! nothing can pose as another task, as another asker or as Errand itself.

use errand_base::{TaskId, Timestamp};
use errand_model::approval::{Approval, Decision, Risk, Verdict, What};
use errand_model::gate::{self, Origin};
use errand_model::{Answer, DeliveryKind, Hold, Question, QuestionKind, Reason, State};
use errand_os::{Banner, Reply, text};
use errand_store::{Delivery, DeliveryState, Reader, StoreError, Stored};
use jiff::tz::TimeZone;

use super::facts::Facts;
use super::screen::TOGETHER;

/// Of a task's title in a body.
const NAME: usize = 60;
/// Of a line that is one of several.
const ITEM: usize = 72;
/// Lines of a banner that stands for more.
const ITEMS: usize = 3;
/// A service shows no more buttons beside one another, and no longer ones.
const BUTTONS: usize = 3;
const BUTTON: usize = 24;
/// Of a sentence that says why an answer did not count.
const NOTE: usize = 110;
/// What the key of a button begins with that answers.
const ANSWER: &str = "answer-q";
/// The key of the button that leads to the question.
pub(super) const REVIEW: &str = "review";

/// The banner of a delivery, from its rows as they are now; `None` if there is nothing left to tell.
pub(super) fn banner(
    reader: &Reader<'_>,
    delivery: &Delivery,
    zone: &TimeZone,
    now: Timestamp,
) -> Result<Option<Banner>, StoreError> {
    if delivery.kind == DeliveryKind::Digest {
        return digest(reader, delivery, zone, now);
    }
    let Some(seq) = delivery.task else { return Ok(None) };
    let Some(stored) = reader.tasks().by_seq(seq)? else { return Ok(None) };
    let title = &stored.title;
    let outcome = stored.outcome.clone().unwrap_or_else(|| stored.task.reason_text.clone());
    let (headline, body) = match delivery.kind {
        DeliveryKind::Result => (format!("Done: {title}"), outcome),
        DeliveryKind::Failure => (format!("{}: {title}", ending(stored.task.state)), outcome),
        DeliveryKind::Question => {
            return question(reader, delivery, &stored, None);
        }
        DeliveryKind::Notice => notice(reader, &stored)?,
        DeliveryKind::Digest => return Ok(None),
    };
    Ok(Some(Banner { urgent: is_urgent(delivery), ..plain(delivery.id, &headline, &body) }))
}

/// The banner of a question once more, for somebody whose answer did not count.
pub(super) struct Again {
    pub banner: Banner,
    /// The one that its person knows.
    pub task: TaskId,
    /// It may stand with others.
    pub asks: bool,
}

pub(super) fn once_more(
    reader: &Reader<'_>,
    delivery: &Delivery,
    why: &str,
) -> Result<Option<Again>, StoreError> {
    let stored = delivery.task.map(|seq| reader.tasks().by_seq(seq)).transpose()?.flatten();
    let Some(stored) = stored else { return Ok(None) };
    let root = reader.tasks().root_of(stored.seq)?;
    let task = root.map_or_else(|| stored.task.id.clone(), |root| root.id);
    let banner = question(reader, delivery, &stored, Some(why))?;
    Ok(banner.map(|banner| Again { asks: !banner.urgent, banner, task }))
}

/// `None` if it is not open any more.
fn question(
    reader: &Reader<'_>,
    delivery: &Delivery,
    stored: &Stored,
    refused: Option<&str>,
) -> Result<Option<Banner>, StoreError> {
    let open = stored.task.questions.iter().find(|question| Some(question.n) == delivery.question);
    let Some(question) = open else { return Ok(None) };
    // Its person knows the task at the top.
    let root = reader.tasks().root_of(stored.seq)?.filter(|root| root.seq != stored.seq);
    let asks = match root {
        Some(root) => (root.id, format!("{}: {}", text::line(&root.title, NAME).text, stored.title)),
        None => (stored.task.id.clone(), stored.title.clone()),
    };
    Ok(Some(asking(delivery, stored, question, asks, refused)))
}

fn plain(id: i64, title: &str, body: &str) -> Banner {
    Banner {
        key: id.to_string(),
        title: text::line(title, text::TITLE).text,
        body: text::line(body, text::BODY).text,
        actions: open("Open"),
        ..Banner::default()
    }
}

/// What the keys of the buttons under a request end with.
const APPROVE: &str = "approve";
const DENY: &str = "deny";

/// The key of the button that leads to a window.
const OPEN: &str = "open";

fn open(label: &str) -> Vec<(String, String)> {
    ["default", OPEN].map(|key| (key.to_owned(), label.to_owned())).into()
}

/// The button leads to the question, the banner to its task.
fn review(label: &str) -> Vec<(String, String)> {
    [("default", "Open"), (REVIEW, label)].map(|(key, label)| (key.to_owned(), label.to_owned())).into()
}

fn is_urgent(delivery: &Delivery) -> bool {
    use errand_store::Escalation::{Done, Due};
    matches!(delivery.escalation, Some(Due | Done))
}

fn notice(reader: &Reader<'_>, stored: &Stored) -> Result<(String, String), StoreError> {
    let rows = reader.transitions().of_task(stored.seq)?;
    let notice = rows.iter().rev().find(|row| {
        matches!(row.reason, Reason::AfterRunFailed | Reason::WillNotStop | Reason::HeldForKeychain)
    });
    Ok(match notice {
        Some(row) if row.reason == Reason::AfterRunFailed => {
            (format!("Not cleaned up: {}", stored.title), row.text.clone())
        }
        Some(_) if stored.task.holds.contains(Hold::Keychain) => {
            (format!("Waits for a credential: {}", stored.title), stored.task.reason_text.clone())
        }
        Some(_) | None => (format!("Processes of {} will not stop", stored.task.id), stored.title.clone()),
    })
}

/// Who asks is never the asker's own word: programs can call themselves anything.
fn asker(question: &Question) -> &'static str {
    match question.kind {
        QuestionKind::Blocker => "Errand",
        QuestionKind::UserInput
        | QuestionKind::Elicitation
        | QuestionKind::CommandApproval
        | QuestionKind::FileApproval
        | QuestionKind::DynamicTool => "A program",
    }
}

/// `asks`: the task that its person knows, and what it is called.
fn asking(
    delivery: &Delivery,
    stored: &Stored,
    question: &Question,
    asks: (TaskId, String),
    refused: Option<&str>,
) -> Banner {
    let (task, name) = asks;
    let name = text::line(&name, 2 * NAME).text;
    let note = refused.map(|why| text::line(&format!("Your answer did not count: {why}"), NOTE).text);
    let taken = [Some(&name), note.as_ref()].into_iter().flatten().map(|line| line.chars().count() + 1);
    let asked = text::line(&question.text, text::BODY - taken.sum::<usize>());
    let asked_as_it_is = asked.text == question.text;
    let lines = [Some(name), Some(asked.text), note].into_iter().flatten().filter(|line| !line.is_empty());
    let Offer { actions, reply } = match &question.approval {
        Some(approval) => {
            let readable = asked.whole && asked_as_it_is;
            Offer::of_request(question.n, question.kind, approval, readable)
        }
        None if asked.whole => Offer::of(question),
        None => Offer::window("Review"),
    };
    Banner {
        key: delivery.id.to_string(),
        title: format!("{} asks in {task}", asker(question)),
        body: lines.collect::<Vec<_>>().join("\n"),
        urgent: is_urgent(delivery) || stored.task.policy.priority == errand_model::Priority::Urgent,
        stays: true,
        actions,
        reply,
        replaces: None,
    }
}

/// What can be done about a question on its banner.
struct Offer {
    actions: Vec<(String, String)>,
    reply: Option<Reply>,
}

impl Offer {
    fn window(label: &str) -> Offer {
        Offer { actions: review(label), reply: None }
    }

    /// A button for each answer, where all of them can be read on buttons; the rest is for the window. Where any text
    /// will do there is a field beside them.
    fn of(question: &Question) -> Offer {
        let labels = labels(question);
        let fits = |label: &String| {
            let line = text::line(label, BUTTON);
            // Some services read markup on buttons as well.
            line.whole && line.text == *label && !label.contains(['<', '>', '&'])
        };
        let most = BUTTONS - usize::from(question.open);
        if labels.len() > most || !labels.iter().all(fits) {
            // Who cannot see what is offered should not answer yet.
            return Offer::window("Review");
        }
        if labels.is_empty() && !question.open {
            return Offer::window("Answer");
        }
        let buttons =
            labels.into_iter().enumerate().map(|(n, label)| (format!("{ANSWER}{}-{n}", question.n), label));
        let mut actions: Vec<_> =
            std::iter::once(("default".to_owned(), "Open".to_owned())).chain(buttons).collect();
        let reply = question.open.then(|| {
            actions.push((REVIEW.to_owned(), "Answer".to_owned()));
            Reply { instead_of: REVIEW.to_owned(), hint: "Your answer".to_owned() }
        });
        Offer { actions, reply }
    }
}

impl Offer {
    /// Saying no is always safe. Saying yes needs a request that stands on the banner in full, as only a command can.
    fn of_request(n: u32, kind: QuestionKind, approval: &Approval, readable: bool) -> Offer {
        let readable = readable && matches!(approval.what, What::Command { .. });
        let low_risk = approval.risk == Risk::Low;
        let Offer { mut actions, reply } = Offer::window("Review");
        let request = gate::Request { kind, readable, low_risk };
        if gate::may_allow_on_banner(&request) {
            actions.push((format!("{ANSWER}{n}-{APPROVE}"), "Approve".to_owned()));
        }
        actions.push((format!("{ANSWER}{n}-{DENY}"), "Deny".to_owned()));
        Offer { actions, reply }
    }
}

fn labels(question: &Question) -> Vec<String> {
    let choices = question.choices.iter().map(|choice| choice.label().to_owned());
    choices.chain(question.options.iter().cloned()).collect()
}

/// The answer behind the button with this key, if it is one of this question.
pub(super) fn answer_behind(key: &str, question: &Question) -> Option<Answer> {
    let (n, index) = key.strip_prefix(ANSWER)?.split_once('-')?;
    if n.parse() != Ok(question.n) {
        return None;
    }
    if question.approval.is_some() {
        let verdict = match index {
            APPROVE => Verdict::Approve,
            DENY => Verdict::Deny,
            _ => return None,
        };
        return Some(Answer::Decision(Box::new(Decision::of(verdict))));
    }
    let names = question.choices.iter().map(|choice| choice.name().to_owned());
    names.chain(question.options.iter().cloned()).nth(index.parse().ok()?).map(Answer::Text)
}

/// The banner that stands for the questions of several tasks.
pub(super) fn together(reader: &Reader<'_>, ids: &[i64]) -> Result<Option<Banner>, StoreError> {
    let mut lines: Vec<(TaskId, String)> = Vec::new();
    for id in ids {
        let Some(delivery) = reader.deliveries().get(*id)? else { continue };
        let stored = delivery.task.map(|seq| reader.tasks().by_seq(seq)).transpose()?.flatten();
        let Some(stored) = stored else { continue };
        if lines.iter().all(|(task, _)| *task != stored.task.id) {
            let line = text::line(&format!("{}: {}", stored.task.id, stored.title), ITEM).text;
            lines.push((stored.task.id, line));
        }
    }
    let tasks = lines.len();
    if tasks == 0 {
        return Ok(None);
    }
    Ok(Some(Banner {
        key: TOGETHER.to_owned(),
        title: gate::need_you(tasks),
        body: list(lines.into_iter().map(|(_, line)| line).collect()),
        stays: true,
        actions: open("Review"),
        ..Banner::default()
    }))
}

/// "4 results since 09:00", with what they are.
fn digest(
    reader: &Reader<'_>,
    delivery: &Delivery,
    zone: &TimeZone,
    now: Timestamp,
) -> Result<Option<Banner>, StoreError> {
    let members = reader.deliveries().in_digest(delivery.id)?;
    let Some(since) = members.iter().map(|member| member.created_at).min() else { return Ok(None) };
    let (mut candidates, mut lines) = (Vec::new(), Vec::new());
    for member in members {
        let stored = member.task.map(|seq| reader.tasks().by_seq(seq)).transpose()?.flatten();
        lines.extend(stored.map(|stored| item(member.kind, &stored)));
        candidates.push(Facts::of(reader, member)?.candidate);
    }
    let bundles = gate::gather(&candidates);
    let sum = |count: fn(&gate::Bundle) -> usize| bundles.iter().map(count).sum::<usize>();
    let said = counted(sum(|one| one.results), sum(|one| one.failures), sum(|one| one.others));
    let body = match bundles.as_slice() {
        [_] => list(lines),
        several => list(several.iter().map(about_origin).collect()),
    };
    let title = format!("{said} since {}", clock(since, zone, now));
    Ok(Some(Banner { body, ..plain(delivery.id, &title, "") }))
}

fn item(kind: DeliveryKind, stored: &Stored) -> String {
    let outcome = stored.outcome.as_deref().unwrap_or(&stored.task.reason_text);
    let what = match kind {
        DeliveryKind::Failure => ending(stored.task.state),
        DeliveryKind::Result | DeliveryKind::Question | DeliveryKind::Notice | DeliveryKind::Digest => "Done",
    };
    text::line(&format!("{what}: {}: {outcome}", text::line(&stored.title, 40).text), ITEM).text
}

fn about_origin(bundle: &gate::Bundle) -> String {
    let who = match &bundle.origin {
        Origin::Person => "You".to_owned(),
        Origin::Schedule(name) => format!("Schedule {name}"),
        Origin::Trigger(name) => format!("Trigger {name}"),
        Origin::Task(name) => format!("Task {name}"),
        Origin::Client(name) => format!("Client {name}"),
    };
    text::line(&format!("{who}: {}", counted(bundle.results, bundle.failures, bundle.others)), ITEM).text
}

fn counted(results: usize, failures: usize, others: usize) -> String {
    let words = [(results, "result"), (failures, "failure"), (others, "notice")];
    let said = words.into_iter().filter(|(count, _)| *count > 0).map(|(count, word)| match count {
        1 => format!("1 {word}"),
        count => format!("{count} {word}s"),
    });
    said.collect::<Vec<_>>().join(", ")
}

fn list(mut lines: Vec<String>) -> String {
    if lines.len() > ITEMS {
        let more = lines.len() - (ITEMS - 1);
        lines.truncate(ITEMS - 1);
        lines.push(format!("and {more} more"));
    }
    lines.join("\n")
}

/// The time of the day, with the day where it is another one.
fn clock(moment: Timestamp, zone: &TimeZone, now: Timestamp) -> String {
    let local = |moment: Timestamp| {
        Some(jiff::Timestamp::from_millisecond(moment.as_millis()).ok()?.to_zoned(zone.clone()))
    };
    let (Some(moment), Some(now)) = (local(moment), local(now)) else { return moment.to_string() };
    let form = if moment.date() == now.date() { "%H:%M" } else { "%a %H:%M" };
    moment.strftime(form).to_string()
}

/// A line of the timeline about a delivery.
pub(super) fn said(kind: DeliveryKind, state: DeliveryState) -> &'static str {
    match (state, kind) {
        (DeliveryState::Shown, DeliveryKind::Question) => "The question was shown",
        (
            DeliveryState::Shown,
            DeliveryKind::Result | DeliveryKind::Failure | DeliveryKind::Notice | DeliveryKind::Digest,
        ) => "Shown",
        (DeliveryState::Opened | DeliveryState::Acted, _) => "Opened by the person",
        (DeliveryState::Dismissed, _) => "Closed by the person",
        (DeliveryState::Withdrawn, _) => "Withdrawn, because it is settled",
        (DeliveryState::Digested, _) => "Told with others in a digest",
        (DeliveryState::Filed, _) => "Not shown; it is in the lists",
        (DeliveryState::Pending | DeliveryState::Held | DeliveryState::Showing, _) => "Waits to be shown",
    }
}

fn ending(state: State) -> &'static str {
    match state {
        State::TimedOut => "Out of time",
        State::Unknown => "Interrupted",
        State::Failed => "Failed",
        // Reopened since: the failure is still news.
        State::Completed
        | State::Cancelled
        | State::Waiting
        | State::Queued
        | State::Running
        | State::NeedsYou
        | State::RateLimited
        | State::Sleeping => "Failed before",
    }
}
