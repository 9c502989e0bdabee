//! Short, friendly, easy to tell apart by ear.

pub const ADJECTIVES: &[&str] = &[
    "able", "agile", "amber", "azure", "bold", "brave", "brisk", "calm", "candid", "clear", "clever",
    "cosmic", "crisp", "curious", "daring", "deft", "eager", "early", "earnest", "fair", "fancy", "fierce",
    "fleet", "fond", "frank", "fresh", "gentle", "glad", "golden", "grand", "happy", "hardy", "honest",
    "humble", "jolly", "keen", "kind", "lively", "loyal", "lucid", "lucky", "mellow", "merry", "mild",
    "modest", "neat", "noble", "patient", "plucky", "polite", "proud", "quick", "quiet", "rapid", "ready",
    "royal", "rustic", "shy", "silent", "silver", "smart", "snug", "solid", "spry", "steady", "sunny",
    "swift", "tidy", "upbeat", "vivid", "warm", "wise", "witty", "zesty",
];

pub const ANIMALS: &[&str] = &[
    "badger", "bat", "bear", "beaver", "bison", "bobcat", "camel", "cat", "cheetah", "cobra", "condor",
    "cougar", "crane", "crow", "deer", "dingo", "dolphin", "donkey", "dove", "duck", "eagle", "egret",
    "falcon", "ferret", "finch", "fox", "gazelle", "gecko", "gibbon", "goose", "hare", "hawk", "heron",
    "hippo", "ibex", "ibis", "iguana", "jackal", "jaguar", "kestrel", "kiwi", "koala", "lemur", "lion",
    "lizard", "llama", "lynx", "magpie", "marten", "mole", "moose", "newt", "ocelot", "orca", "osprey",
    "otter", "owl", "panda", "parrot", "pelican", "puffin", "puma", "quail", "rabbit", "raven", "robin",
    "salmon", "seal", "sparrow", "stork", "swan", "tapir", "tiger", "toucan", "turtle", "vole", "walrus",
    "weasel", "whale", "wolf", "wombat", "yak", "zebra",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_hold_no_word_twice() {
        for list in [ADJECTIVES, ANIMALS] {
            let mut sorted = list.to_vec();
            sorted.sort_unstable();
            sorted.dedup();
            assert_eq!(sorted.len(), list.len());
        }
    }
}
