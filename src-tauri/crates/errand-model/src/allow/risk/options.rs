//! Options of otherwise plain programs that make them start another one, read other settings, or write anywhere.
//!
//! Long options count shortened, too, and short ones wherever they stand in a bundle. That asks about a few
//! harmless commands more than it must.

use crate::allow::line::shown;

struct Options {
    programs: &'static [&'static str],
    /// As they are, also with `=VALUE`.
    exact: &'static [&'static str],
    /// With two dashes; also shortened.
    long: &'static [&'static str],
    short: &'static str,
    /// `NAME=VALUE` sets a variable.
    sets: bool,
}

const NONE: Options = Options { programs: &[], exact: &[], long: &[], short: "", sets: false };

const TABLE: &[Options] = &[
    Options {
        programs: &["find", "gfind", "bfs"],
        exact: &["-exec", "-execdir", "-ok", "-okdir", "-delete", "-fprint", "-fprint0", "-fprintf", "-fls"],
        ..NONE
    },
    Options { programs: &["fd", "fdfind"], long: &["--exec", "--exec-batch"], short: "xX", ..NONE },
    Options {
        programs: &["rg", "rga", "ug", "ugrep", "ack", "ag"],
        long: &["--pre", "--hostname-bin", "--pager", "--filter", "--view", "--save-config", "--ackrc"],
        ..NONE
    },
    Options {
        programs: &["sort", "gsort"],
        long: &["--compress-program", "--output", "--temporary-directory"],
        short: "oT",
        ..NONE
    },
    Options { programs: &["shuf", "tree", "xmllint", "pandoc"], long: &["--output"], short: "o", ..NONE },
    Options {
        programs: &["pandoc"],
        long: &["--filter", "--lua-filter", "--pdf-engine", "--defaults"],
        short: "FLd",
        ..NONE
    },
    Options { programs: &["split", "csplit"], long: &["--filter"], ..NONE },
    Options { programs: &["zip"], long: &["--unzip-command", "--test"], short: "T", ..NONE },
    Options {
        programs: &["tar", "bsdtar", "gtar"],
        long: &[
            "--use-compress-program",
            "--checkpoint-action",
            "--to-command",
            "--info-script",
            "--new-volume-script",
            "--rsh-command",
            "--rmt-command",
            "--directory",
            "--absolute-names",
        ],
        short: "IFCP",
        ..NONE
    },
    Options {
        programs: &["rsync"],
        long: &[
            "--rsh",
            "--rsync-path",
            "--daemon",
            "--config",
            "--remote-option",
            "--early-input",
            "--log-file",
        ],
        short: "eM",
        ..NONE
    },
    Options {
        programs: &["curl"],
        long: &[
            "--config",
            "--output",
            "--output-dir",
            "--remote-name",
            "--remote-name-all",
            "--remote-header-name",
            "--dump-header",
            "--cookie-jar",
            "--trace",
            "--trace-ascii",
            "--stderr",
            "--libcurl",
            "--hsts",
            "--alt-svc",
            "--etag-save",
            "--upload-file",
            "--engine",
            "--netrc-file",
            "--proxy",
            "--preproxy",
        ],
        short: "KoOJDcTx",
        ..NONE
    },
    Options {
        programs: &["wget", "wget2"],
        long: &[
            "--execute",
            "--use-askpass",
            "--output-document",
            "--output-file",
            "--append-output",
            "--directory-prefix",
            "--post-file",
            "--body-file",
            "--config",
            "--input-file",
            "--hsts-file",
            "--save-cookies",
            "--warc-file",
        ],
        short: "eOoaPiN",
        ..NONE
    },
    Options {
        programs: &["make", "gmake", "bmake", "remake"],
        long: &["--file", "--makefile", "--eval", "--directory", "--include-dir", "--environment-overrides"],
        short: "fCIEe",
        sets: true,
        ..NONE
    },
    Options {
        programs: &["just", "task"],
        long: &[
            "--justfile",
            "--working-directory",
            "--shell",
            "--shell-arg",
            "--command",
            "--set",
            "--dotenv-path",
            "--dotenv-filename",
            "--chooser",
            "--choose",
            "--edit",
            "--taskfile",
            "--dir",
            "--global-justfile",
            "--init",
        ],
        short: "fdcegt",
        sets: true,
        ..NONE
    },
    Options { programs: &["ninja", "samu"], short: "fCt", ..NONE },
    Options {
        programs: &["cmake", "ctest", "cpack"],
        long: &[
            "--script",
            "--build-and-test",
            "--build-run-dir",
            "--config-file",
            "--preset",
            "--toolchain",
            "--debugger",
        ],
        short: "PECDGTSA",
        ..NONE
    },
    Options {
        programs: &["cargo"],
        long: &[
            "--config",
            "--manifest-path",
            "--target-dir",
            "--artifact-dir",
            "--out-dir",
            "--lockfile-path",
            "--config-file",
            "--tool-config-file",
            "--target-runner",
            "--exec",
        ],
        short: "CZ",
        ..NONE
    },
    Options {
        programs: &["go"],
        exact: &[
            "-exec",
            "--exec",
            "-toolexec",
            "--toolexec",
            "-vettool",
            "--vettool",
            "-overlay",
            "--overlay",
            "-modfile",
            "--modfile",
            "-C",
            "--C",
            "-o",
            "--o",
            "-ldflags",
            "--ldflags",
            "-compiler",
            "--compiler",
            "-gccgoflags",
            "--gccgoflags",
            "-outputdir",
            "--outputdir",
            "-pkgdir",
            "--pkgdir",
            "-fixtool",
            "--fixtool",
            "-asmflags",
            "--asmflags",
            "-gcflags",
            "--gcflags",
        ],
        ..NONE
    },
    Options {
        programs: &["npm", "pnpm", "yarn", "bun"],
        long: &[
            "--script-shell",
            "--node-options",
            "--prefix",
            "--userconfig",
            "--globalconfig",
            "--shell",
            "--init-module",
            "--git",
            "--node-gyp",
            "--editor",
            "--viewer",
            "--call",
            "--dir",
            "--cwd",
            "--use-yarnrc",
            "--shell-emulator",
            "--scripts-prepend-node-path",
            "--cafile",
            "--registry",
            "--config",
            "--preload",
        ],
        short: "Ccr",
        ..NONE
    },
    Options {
        programs: &["deno"],
        long: &[
            "--config",
            "--import-map",
            "--allow-run",
            "--allow-all",
            "--allow-ffi",
            "--preload",
            "--node-modules-dir",
        ],
        short: "Acr",
        ..NONE
    },
    Options {
        programs: &["pip", "uv", "poetry", "pdm"],
        long: &[
            "--python",
            "--config-setting",
            "--config-settings",
            "--config-file",
            "--project",
            "--directory",
            "--with",
        ],
        short: "C",
        ..NONE
    },
    Options {
        programs: &["pytest", "py.test"],
        long: &[
            "--rootdir",
            "--confcutdir",
            "--override-ini",
            "--pdb",
            "--pdbcls",
            "--trace",
            "--basetemp",
            "--config-file",
            "--import-mode",
            "--debug",
            "--pastebin",
        ],
        short: "pcoP",
        ..NONE
    },
    Options {
        programs: &[
            "jest",
            "vitest",
            "mocha",
            "ava",
            "tap",
            "eslint",
            "prettier",
            "tsc",
            "webpack",
            "rollup",
            "vite",
            "esbuild",
            "babel",
            "stylelint",
            "biome",
            "playwright",
            "cypress",
        ],
        long: &[
            "--require",
            "--import",
            "--loader",
            "--config",
            "--plugin",
            "--plugins",
            "--plugin-search-dir",
            "--rulesdir",
            "--parser",
            "--resolve-plugins-relative-to",
            "--globalSetup",
            "--testRunner",
            "--runner",
            "--transform",
            "--rootDir",
            "--root",
            "--project",
            "--setupFiles",
            "--setupFilesAfterEnv",
            "--resolver",
            "--environment",
            "--outDir",
            "--outFile",
            "--output-file",
            "--format",
        ],
        short: "rcpo",
        ..NONE
    },
    Options {
        programs: &["mypy", "ruff", "black", "flake8", "isort", "pylint"],
        long: &[
            "--config",
            "--config-file",
            "--python-executable",
            "--load-plugins",
            "--init-hook",
            "--rcfile",
            "--append-config",
            "--settings-file",
            "--install-types",
        ],
        ..NONE
    },
    Options {
        programs: &["hg", "jj", "darcs", "fossil", "bzr"],
        long: &[
            "--config",
            "--config-file",
            "--config-toml",
            "--repository",
            "--cwd",
            "--extension",
            "--tool",
            "--ssh",
            "--remotecmd",
            "--editor",
            "--debugger",
        ],
        short: "Re",
        ..NONE
    },
    Options { programs: &["printf"], short: "v", ..NONE },
    Options { programs: &["date"], long: &["--set", "--file"], short: "sf", ..NONE },
    Options {
        programs: &["git"],
        long: &[
            "--exec",
            "--exec-path",
            "--upload-pack",
            "--receive-pack",
            "--open-files-in-pager",
            "--output",
            "--output-directory",
            "--ext-diff",
            "--textconv",
            "--extcmd",
            "--config",
            "--config-env",
            "--template",
            "--interactive",
            "--edit-todo",
            "--remote-submodules",
            "--recurse-submodules",
            "--recursive",
            "--unsafe-paths",
            "--directory",
            "--git-dir",
            "--work-tree",
            "--separate-git-dir",
            "--paginate",
            "--strategy",
            "--git-completion-helper",
            "--edit-description",
        ],
        ..NONE
    },
];

/// The half sentence about the first word that is in the table.
pub(super) fn of(key: &str, words: &[&str], first: Option<&str>) -> Option<String> {
    let tells =
        |word: &str| format!("is told by `{}` to start something else, or to write elsewhere", shown(word));
    for options in TABLE.iter().filter(|options| options.programs.contains(&key)) {
        // tar takes its first word for options also without a dash.
        let bundle = first.filter(|word| key.ends_with("tar") && !word.starts_with('-'));
        if let Some(word) = bundle.filter(|word| word.contains(|sign| options.short.contains(sign))) {
            return Some(tells(word));
        }
        if let Some(word) = words.iter().find(|word| options.has(word)) {
            return Some(tells(word));
        }
    }
    if key == "git" && words.iter().any(|word| word.contains("::")) {
        return Some("names a helper that it would start".to_owned());
    }
    None
}

/// Short options of git that mean something else after another verb.
pub(super) fn of_verb(key: &str, verb: &str, words: &[&str]) -> Option<String> {
    let short = match (key, verb) {
        ("git", "clone") => "uc",
        ("git", "rebase") => "xis",
        ("git", "merge" | "pull") => "s",
        ("git", "grep") => "O",
        ("git", "format-patch") => "o",
        ("git", "add") => "ie",
        _ => return None,
    };
    words.iter().find(|word| bundles(word, short)).map(|word| tells(word))
}

fn tells(word: &str) -> String {
    format!("is told by `{}` to start something else, or to write elsewhere", shown(word))
}

fn bundles(word: &str, short: &str) -> bool {
    word.strip_prefix('-')
        .is_some_and(|rest| !rest.starts_with('-') && rest.contains(|sign| short.contains(sign)))
}

impl Options {
    fn has(&self, word: &str) -> bool {
        let name = word.split('=').next().unwrap_or(word);
        let long =
            name.len() > 2 && name.starts_with("--") && self.long.iter().any(|long| long.starts_with(name));
        let sets = self.sets && !word.starts_with('-') && word.contains('=');
        self.exact.contains(&name) || long || sets || bundles(word, self.short)
    }
}
