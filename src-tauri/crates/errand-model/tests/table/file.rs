//! The table as it stands in its file.

use super::*;

const HEAD: &str = "\
# What every event does in every situation. Columns: event | state afterwards | reason | what happens.
# `refused` changes nothing; its reason is the name of the refusal. Every accepted event also adds one to the version.
#
# prompt                the next turn begins in the same slot   linger     end its processes if they do not leave soon
# yield take            it waits for the person without a slot; it goes on
# unread=…               messages that no turn has read
# deeds=…                what it did outside, or was about to do
# turn(…)               a turn is kept, and how it ended
# note                  what the next turn is told first
# spawn end free        start the processes of the run; end them; the last is gone, so the slot is free
# ask(…) settle(…)      a question is asked; is answered        withdraw   it no longer matters
# file(notify|quiet)    the artifact, and whether it is told    deliver(…) the person is told
# begin_subtask         a sub-task is written down             children=…  what is known of its sub-tasks
# awaits=…              it sleeps until they have all ended
# tell                  tasks that wait for this one hear of it
# run(from→to)          a line in the timeline of the run       ending     its processes are on their way out
# ±timer ±hold          set or taken back                       after(…)   what is known of the task it waits for
#
# A case “+ retries” has attempts left, the others of its kind have none.
# Written by `ERRAND_BLESS=1 cargo test -p errand-model --test table`; read every row that changed.
";

pub fn print(table: &Table) -> String {
    let rows = || table.iter().flat_map(|(_, rows)| rows);
    let width = |text: &str| text.chars().count();
    let events = rows().map(|(event, _)| width(event)).max().unwrap_or(0);
    let column = |n: usize| rows().map(|(_, outcome)| width(&outcome[n])).max().unwrap_or(0);
    let (states, reasons) = (column(0), column(1));
    let mut text = HEAD.to_owned();
    for (situation, rows) in table {
        writeln!(text, "\n[{}] {}", situation.name, situation.says).unwrap();
        for (event, [state, reason, happens]) in rows {
            let row = format!("{event:events$} | {state:states$} | {reason:reasons$} | {happens}");
            writeln!(text, "{}", row.trim_end()).unwrap();
        }
    }
    text
}

/// The rows of the file by situation and event, and the pairs that occur more than once.
pub fn parse(text: &str) -> (BTreeMap<(String, String), Outcome>, Vec<String>) {
    let mut table = BTreeMap::new();
    let mut problems = Vec::new();
    let mut situation = String::new();
    for line in text.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#')) {
        if let Some((name, _)) = line.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            situation = name.to_owned();
            continue;
        }
        let mut cells = line.split('|').map(|cell| cell.trim().to_owned());
        let mut cell = || cells.next().unwrap_or_default();
        let key = (situation.clone(), cell());
        if table.insert(key, [cell(), cell(), cell()]).is_some() {
            problems.push(format!("twice in the table: [{situation}] {line}"));
        }
    }
    (table, problems)
}
