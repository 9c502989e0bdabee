//! SIGKILL at random moments of a storm of commands; afterwards nothing is lost, invented or done twice.

use std::collections::{BTreeSet, VecDeque};
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use errand_testkit::desktop::wait;

use crate::world::service::Service;
use crate::world::{Home, LIMIT, audit, clock, processes, said};

const TASKS: usize = 30;
/// Terminals at the same time.
const TERMINALS: usize = 3;
const ROUNDS: u64 = 40;

/// Numbers that a seed repeats (SplitMix64).
struct Dice(u64);

impl Dice {
    fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.number() % end.max(1)
    }

    fn one_in(&mut self, chances: u64) -> bool {
        self.below(chances) == 0
    }
}

/// A task to hand over.
struct Errand {
    args: Vec<String>,
    cancel: bool,
}

#[derive(Default)]
struct Ledger {
    printed: BTreeSet<String>,
    /// Terminals that were told that the engine is gone, instead of an id.
    cut_off: usize,
}

#[test]
fn nothing_is_lost_when_it_is_killed_at_any_moment() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let rounds = number("ERRAND_STORM_ROUNDS").unwrap_or(ROUNDS);
    let seed = number("ERRAND_STORM_SEED").unwrap_or_else(|| RandomState::new().hash_one("storm") >> 32);
    println!("{rounds} rounds, ERRAND_STORM_SEED={seed}");

    let service = Service::start();
    let home = Arc::new(Home::new().on_bus(service.bus()));
    let mut dice = Dice(seed);
    let ledger = Arc::new(Mutex::new(Ledger::default()));
    // How long a storm takes here; the kill falls anywhere into it and a little after.
    let mut usual = Duration::from_secs(1);
    let mut kills = [0_u64; 2];
    for round in 0..rounds {
        let errands = errands(&home, round, &mut dice);
        let at = usual.mul_f64(dice.below(1_300) as f64 / 1_000.0);
        let everything = dice.one_in(4);
        usual = storm(&home, &ledger, errands, at, everything).max(Duration::from_millis(200));
        kills[usize::from(everything)] += 1;
    }

    // A terminal that came last may have started an engine, or not.
    let engine = home.start_if_none();
    settle(&home);
    let left = processes::programs_of(&home);
    assert!(left.is_empty(), "everything has ended, and these are left: {left:?}");
    home.ok("quit");
    drop(engine);
    home.nothing_left();

    let ledger = ledger.lock().unwrap();
    let figures = audit::check(&home, &ledger.printed, &service.showings());
    println!(
        "{} engines killed, {} of them with spawner and supervisors; {} ids printed, {} terminals cut off",
        kills[0] + kills[1],
        kills[1],
        ledger.printed.len(),
        ledger.cut_off
    );
    println!("{figures:#?}");
}

fn errands(home: &Home, round: u64, dice: &mut Dice) -> VecDeque<Errand> {
    let errand = |n: usize| {
        let rest = match dice.below(20) {
            0..12 => "true".to_owned(),
            12..16 => format!("sleep 0.{:02}", 1 + dice.below(30)),
            16..19 => "echo no >&2; exit 3".to_owned(),
            // Leaves the group and outlives its parent, as a daemon does.
            _ => "setsid sleep 300 >/dev/null 2>&1 & true".to_owned(),
        };
        let title = format!("round-{round}-{n}");
        let mut args = vec!["run".to_owned(), "--title".into(), title.clone()];
        if dice.one_in(4) {
            args.extend(["--key".into(), title]);
        }
        args.extend(["--".into(), "sh".into(), "-c".into(), audit::script(home, &rest)]);
        Errand { args, cancel: dice.one_in(12) }
    };
    (0..TASKS).map(errand).collect()
}

/// One round; how long the terminals took.
fn storm(
    home: &Arc<Home>,
    ledger: &Arc<Mutex<Ledger>>,
    errands: VecDeque<Errand>,
    at: Duration,
    everything: bool,
) -> Duration {
    let begin = clock::now();
    let errands = Arc::new(Mutex::new(errands));
    let (over, all_over) = mpsc::channel::<()>();
    let terminals: Vec<_> = (0..TERMINALS)
        .map(|_| {
            let (home, ledger, errands, over) = (home.clone(), ledger.clone(), errands.clone(), over.clone());
            thread::spawn(move || {
                let next = || errands.lock().unwrap().pop_front();
                while let Some(errand) = next() {
                    hand_over(&home, &ledger, errand);
                }
                drop(over);
            })
        })
        .collect();
    drop(over);
    // The moment, or the end of the storm and then the rest of the time: nothing sends, so only time passes.
    let mut took = None;
    if all_over.recv_timeout(at) == Err(mpsc::RecvTimeoutError::Disconnected) {
        took = Some(begin.elapsed());
        let (_keep, nothing) = mpsc::channel::<()>();
        let _ = nothing.recv_timeout(at.saturating_sub(begin.elapsed()));
    }
    kill(home, everything);
    for terminal in terminals {
        terminal.join().unwrap();
    }
    took.unwrap_or_else(|| begin.elapsed())
}

fn hand_over(home: &Home, ledger: &Mutex<Ledger>, errand: Errand) {
    let said = said(home.command(&errand.args).output().unwrap());
    let id = said.out.trim().to_owned();
    let mut book = ledger.lock().unwrap();
    match said.code {
        0 => drop(book.printed.insert(id.clone())),
        5 => book.cut_off += 1,
        _ => panic!("{said:?}"),
    }
    drop(book);
    if said.code == 0 && errand.cancel {
        // It may have ended, and the engine may be gone: both are fine.
        drop(home.run(["cancel", id.as_str()]));
    }
}

/// Engine, or engine, spawner and supervisors at once, which leaves programs that nobody watches.
fn kill(home: &Home, everything: bool) {
    let engine = wait::until("an engine runs", LIMIT, || Ok(home.engine_pid())).unwrap();
    let mut doomed = vec![engine];
    if everything {
        doomed.extend(processes::spawners_of(home).into_iter().map(|(pid, _)| pid));
    }
    doomed.iter().copied().for_each(processes::kill);
    let dead = || Ok((!doomed.iter().any(|pid| processes::is_alive(*pid))).then_some(()));
    wait::until("the killed are dead", LIMIT, dead).unwrap();
}

fn settle(home: &Home) {
    // As often as a slow machine needs it: every task takes its turn.
    for _ in 0..20 {
        let limit = Duration::from_secs(60);
        let settled = wait::until("everything is over and told", limit, || {
            Ok((audit::unfinished(home) + audit::due(home) == 0).then_some(()))
        });
        if settled.is_ok() {
            return;
        }
    }
    panic!("{} are not over, {} not told", audit::unfinished(home), audit::due(home));
}
