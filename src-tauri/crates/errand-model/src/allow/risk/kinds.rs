//! Which programs are of which kind. Names are without path, version and ending.

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// No rule names it; with the reason, as the rest of a sentence.
    Never(&'static str),
    /// Runs a program text: a rule names the file of it.
    Interpreter,
    /// Runs another program, whose name comes first.
    Launcher,
    /// Does different things by its first word.
    Verbs(Verbs),
    /// Changes files wherever it is told to.
    Files,
    /// A rule has each of its words.
    Exact,
    Sed,
    Plain,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Verbs {
    /// Run what they are handed, or what was set up elsewhere.
    pub never: &'static [&'static str],
    /// Run a program whose name comes next.
    pub launch: &'static [&'static str],
    /// Run a script or task whose name comes next.
    pub named: &'static [&'static str],
    /// Fetch and run what they are told to.
    pub fixed: &'static [&'static str],
    /// Options before the verb that change nothing that matters.
    pub harmless: &'static [&'static str],
}

/// Modules of Python that run what they are handed.
pub(super) const RUNNING_MODULES: &[&str] = &[
    "timeit",
    "pdb",
    "bdb",
    "code",
    "codeop",
    "trace",
    "cProfile",
    "profile",
    "runpy",
    "pip",
    "ensurepip",
    "idlelib",
    "zipapp",
    "site",
    "pyclbr",
    "IPython",
    "ipython",
    "jupyter",
    "pipx",
    "uv",
    "poetry",
    "coverage",
    "venv",
    "http.server",
    "webbrowser",
    "asyncio",
    "debugpy",
    "viztracer",
    "scalene",
    "memory_profiler",
];

const NONE: Verbs = Verbs { never: &[], launch: &[], named: &[], fixed: &[], harmless: &[] };

const SHELL: &str = "is a shell and runs whatever it is handed";
const WRAPPER: &str = "starts another program, in another way than alone";
const POWER: &str = "starts programs with the rights of somebody else";
const REMOTE: &str = "runs commands on other machines or takes them from there";
const EDITOR: &str = "can start other programs from inside";
const BUILTIN: &str = "changes what the rest of the line means";
const TEXT: &str = "runs the program text that it is handed";
const OPENS: &str = "starts whatever belongs to a file";

/// Of the name as it is or, if nobody knows it, without a version at its end.
pub(super) fn of(key: &str) -> Kind {
    // The loader runs any program, and is called differently on each machine.
    if key.starts_with("ld-linux") || key.starts_with("ld-musl") || key.starts_with("ld64") {
        return Kind::Never(WRAPPER);
    }
    match key {
        "sh" | "bash" | "rbash" | "dash" | "ash" | "zsh" | "ksh" | "ksh93" | "mksh" | "lksh" | "pdksh"
        | "yash" | "posh" | "csh" | "tcsh" | "fish" | "rc" | "es" | "elvish" | "nu" | "xonsh" | "oil"
        | "osh" | "ysh" | "hush" | "busybox" | "toybox" | "pwsh" | "powershell" | "cmd" | "command.com"
        | "wsl" | "scsh" | "ion" | "murex" | "ngs" | "git-shell" => Kind::Never(SHELL),
        "sudo" | "su" | "doas" | "pkexec" | "run0" | "runuser" | "sg" | "newgrp" | "sudoedit" | "kdesu"
        | "gksu" | "gksudo" | "machinectl" | "setpriv" | "capsh" | "calife" | "please" | "super"
        | "runas" | "gosu" | "su-exec" | "become" | "dzdo" | "beesu" | "ksu" => Kind::Never(POWER),
        "env" | "nohup" | "time" | "timeout" | "gtimeout" | "nice" | "ionice" | "chrt" | "taskset"
        | "setsid" | "setarch" | "linux" | "i386" | "x86_64" | "arch" | "stdbuf" | "unbuffer" | "xargs"
        | "parallel" | "watch" | "script" | "scriptreplay" | "strace" | "ltrace" | "gdb" | "lldb"
        | "valgrind" | "perf" | "rr" | "chroot" | "unshare" | "nsenter" | "bwrap" | "firejail"
        | "flatpak-spawn" | "systemd-run" | "systemd-nspawn" | "at" | "batch" | "crontab" | "anacron"
        | "numactl" | "prlimit" | "screen" | "tmux" | "dtach" | "abduco" | "byobu" | "zellij" | "entr"
        | "fakeroot" | "proot" | "rlwrap" | "expect" | "daemonize" | "daemon" | "start-stop-daemon"
        | "setuidgid" | "chpst" | "softlimit" | "flock" | "lockf" | "run-parts" | "run-one" | "sem"
        | "nodemon" | "watchexec" | "watchman" | "cargo-watch" | "hyperfine" | "faketime" | "eatmydata"
        | "tsocks" | "torsocks" | "torify" | "proxychains" | "ld" | "ld.so" | "dbus-run-session"
        | "dbus-launch" | "xvfb-run" | "ssh-agent" | "caffeinate" | "gtk-launch" | "launchctl" | "socat"
        | "ncat" | "netcat" | "nc" | "inetd" | "tcpserver" | "websocketd" | "mispipe" | "pee" | "chronic"
        | "ifne" | "logsave" | "memusage" | "catchsegv" | "cpulimit" | "trickle" | "choom" | "coresched"
        | "uclampset" | "pidexec" | "aa-exec" | "runcon" | "cgexec" | "errand" | "claude" | "codex"
        | "gemini" | "opencode" | "aider" | "goose" => Kind::Never(WRAPPER),
        "ssh" | "slogin" | "rsh" | "rlogin" | "rexec" | "mosh" | "telnet" | "scp" | "sftp" | "ftp"
        | "lftp" | "dsh" | "pssh" | "pdsh" | "autossh" | "sshpass" | "et" | "tsh" | "gcloud" | "rclone" => {
            Kind::Never(REMOTE)
        }
        "vi" | "vim" | "vim.basic" | "vim.tiny" | "nvim" | "ex" | "view" | "rvim" | "gvim" | "vimdiff"
        | "emacs" | "emacsclient" | "nano" | "pico" | "ed" | "red" | "joe" | "micro" | "hx" | "helix"
        | "kak" | "ne" | "mcedit" | "mc" | "ranger" | "nnn" | "lf" | "vifm" | "less" | "more" | "most"
        | "pg" | "man" | "info" | "pinfo" | "lesspipe" | "bat" | "batcat" | "code" | "subl" | "mail"
        | "mailx" | "mutt" | "pine" | "lynx" | "links" | "elinks" | "w3m" | "sqlite" | "psql" | "mysql"
        | "mariadb" | "mongo" | "mongosh" | "redis-cli" | "bc" | "dc" | "m4" | "gnuplot" | "fzf" | "sk"
        | "top" | "htop" | "tig" | "lazygit" | "gitui" | "visidata" | "irssi" | "weechat" | "editor"
        | "sensible-editor" | "pager" | "sensible-pager" | "zless" | "zmore" | "xzless" | "bzless"
        | "latex" | "pdflatex" | "xelatex" | "lualatex" | "tex" | "luatex" | "latexmk" => Kind::Never(EDITOR),
        "eval" | "exec" | "source" | "." | "command" | "builtin" | "trap" | "alias" | "unalias" | "set"
        | "unset" | "shopt" | "setopt" | "unsetopt" | "enable" | "disable" | "hash" | "rehash" | "bind"
        | "bindkey" | "complete" | "compgen" | "compopt" | "declare" | "typeset" | "export" | "readonly"
        | "local" | "read" | "mapfile" | "readarray" | "let" | "getopts" | "shift" | "fc" | "history"
        | "jobs" | "bg" | "fg" | "disown" | "suspend" | "wait" | "umask" | "ulimit" | "exit" | "logout"
        | "return" | "break" | "continue" | "caller" | "dirs" | "zmodload" | "emulate" | "autoload"
        | "functions" | "sched" | "vared" | "zle" | "print" | "limit" | "unlimit" | "setenv" | "unsetenv"
        | "onintr" | "test" | "[" | "coproc" | "function" | "-" => Kind::Never(BUILTIN),
        "cd" | "chdir" | "pushd" | "popd" => {
            Kind::Never("changes the folder in which the rest of the line works")
        }
        "awk" | "gawk" | "mawk" | "nawk" | "original-awk" | "goawk" | "irb" | "pry" | "ipython"
        | "bpython" | "ptpython" | "jupyter" | "osascript" | "jshell" | "ghci" | "iex" | "erl" | "sbcl"
        | "clisp" | "guile" | "racket" | "gst" | "octave" | "octave-cli" | "matlab" | "maxima" | "gp"
        | "sage" | "swipl" | "gprolog" | "runghc" | "runhaskell" | "scala" | "amm" | "groovy"
        | "groovysh" | "kotlin" | "clojure" | "clj" | "bb" | "wish" | "evcxr" | "cling" | "tcc"
        | "wscript" | "cscript" | "mshta" | "rundll" | "regsvr" => Kind::Never(TEXT),
        "xdg-open"
        | "open"
        | "start"
        | "gio"
        | "gnome-open"
        | "kde-open"
        | "exo-open"
        | "x-terminal-emulator"
        | "xterm"
        | "gnome-terminal"
        | "konsole"
        | "alacritty"
        | "kitty"
        | "foot"
        | "wezterm"
        | "explorer"
        | "gdbus"
        | "dbus-send"
        | "busctl"
        | "qdbus"
        | "xdotool"
        | "ydotool"
        | "wtype"
        | "i3-msg"
        | "swaymsg"
        | "hyprctl" => Kind::Never(OPENS),
        "python" | "pypy" | "pythonw" | "py" | "perl" | "ruby" | "jruby" | "node" | "nodejs" | "ts-node"
        | "tsx" | "php" | "lua" | "luajit" | "tclsh" | "rscript" | "r" | "julia" | "elixir" | "escript"
        | "swift" | "crystal" | "dart" | "java" | "qjs" | "d8" | "rhino" | "raku" | "pypy3"
        | "micropython" | "wasmtime" | "wasmer" | "wine" | "mono" | "qemu-x86_64" => Kind::Interpreter,
        "npx" | "bunx" | "pnpx" | "uvx" | "dotenv" | "xcrun" | "corepack" => Kind::Launcher,
        "docker" | "podman" | "nerdctl" | "kubectl" | "oc" | "helm" | "terraform" | "tofu" | "ansible"
        | "ansible-playbook" | "vagrant" | "systemctl" | "loginctl" | "brew" | "apt" | "apt-get" | "dnf"
        | "yum" | "pacman" | "zypper" | "apk" | "snap" | "flatpak" | "nix" | "nix-env" | "nix-shell"
        | "nix-build" | "guix" | "gpg" | "openssl" | "mount" | "umount" | "insmod" | "modprobe"
        | "sysctl" | "iptables" | "nft" | "ip" | "mvn" | "mvnw" | "gradle" | "gradlew" | "ant" | "bazel"
        | "bazelisk" | "buck" | "sbt" | "lein" | "dotnet" | "msbuild" | "scons" | "meson" | "rustc"
        | "gcc" | "g++" | "cc" | "c++" | "clang" | "clang++" | "ar" | "as" | "pipx" | "rustup" | "direnv"
        | "gsettings" | "dconf" | "aws" | "az" | "wget" | "ffmpeg" | "tcpdump" | "tshark" | "nmap"
        | "pip-compile" | "svn" | "mkfs" | "fdisk" | "parted" | "cryptsetup" | "reboot" | "shutdown"
        | "poweroff" | "halt" | "init" | "rake" | "gulp" | "grunt" | "nox" | "tox" | "invoke" | "fab"
        | "ctags" | "cscope" | "bison" | "scan-build" | "bear" | "ccache" | "sccache" | "distcc" => {
            Kind::Exact
        }
        "rm" | "mv" | "cp" | "ln" | "dd" | "tee" | "install" | "shred" | "truncate" | "chmod" | "chown"
        | "chgrp" | "mkdir" | "rmdir" | "touch" | "mkfifo" | "mknod" | "tar" | "bsdtar" | "gtar" | "zip"
        | "unzip" | "gzip" | "gunzip" | "bzip" | "bunzip" | "xz" | "unxz" | "zstd" | "unzstd" | "rsync"
        | "split" | "csplit" | "uniq" | "sponge" | "patch" | "cpio" | "pax" | "7z" | "7za" | "rename"
        | "prename" | "unlink" | "link" | "setfacl" | "chattr" | "xxd" | "objcopy" | "strip" | "dos2unix"
        | "unix2dos" => Kind::Files,
        "sed" | "gsed" => Kind::Sed,
        "git" => Kind::Verbs(GIT),
        "hg" | "jj" | "darcs" | "fossil" | "bzr" => Kind::Verbs(Verbs {
            never: &["config", "serve", "util", "fix", "run", "bisect", "debugshell", "sh"],
            ..NONE
        }),
        "gh" | "glab" | "tea" => Kind::Verbs(Verbs {
            never: &[
                "alias",
                "extension",
                "ext",
                "extensions",
                "codespace",
                "cs",
                "config",
                "api",
                "auth",
                "browse",
            ],
            ..NONE
        }),
        "cargo" => Kind::Verbs(Verbs {
            never: &["rustc", "rustdoc", "watch", "login", "config", "script"],
            fixed: &["install", "add", "binstall"],
            harmless: &["+stable", "+nightly", "--offline", "--locked", "--frozen", "-q", "--quiet", "-v"],
            ..NONE
        }),
        "go" => Kind::Verbs(Verbs {
            never: &["tool", "env", "bug", "generate"],
            named: &["run"],
            fixed: &["install", "get"],
            ..NONE
        }),
        "npm" | "pnpm" | "yarn" | "bun" => Kind::Verbs(Verbs {
            never: &[
                "exec", "x", "dlx", "init", "create", "innit", "explore", "edit", "config", "set", "c",
                "repl", "node", "login", "adduser", "publish", "env", "setup", "plugin", "-",
            ],
            named: &["run", "run-script", "rum", "urn"],
            fixed: &[
                "install",
                "i",
                "in",
                "ins",
                "inst",
                "insta",
                "instal",
                "isnt",
                "isnta",
                "isntal",
                "add",
                "a",
                "install-test",
                "it",
                "upgrade",
                "up",
                "update",
                "global",
                "link",
                "ln",
                "import",
            ],
            ..NONE
        }),
        "deno" => Kind::Verbs(Verbs {
            never: &["eval", "repl", "jupyter", "x", "upgrade"],
            named: &["run", "task", "serve", "test", "bench"],
            fixed: &["install", "add", "compile"],
            ..NONE
        }),
        "pip" => Kind::Verbs(Verbs { never: &["config"], fixed: &["install", "download", "wheel"], ..NONE }),
        "uv" | "poetry" | "pipenv" | "pdm" | "hatch" | "rye" | "pixi" | "conda" | "mamba" | "micromamba" => {
            Kind::Verbs(Verbs {
                never: &["tool", "shell", "self", "config", "python", "env"],
                launch: &["run", "exec"],
                fixed: &["add", "install", "pip", "create", "update", "sync", "dlx"],
                ..NONE
            })
        }
        "bundle" | "bundler" | "mise" | "asdf" | "rbenv" | "pyenv" | "nodenv" | "volta" | "fnm" | "opam" => {
            Kind::Verbs(Verbs {
                never: &["config", "console", "plugin", "shell", "env", "open", "activate"],
                launch: &["exec", "x", "run"],
                fixed: &["install", "add", "update", "use", "switch"],
                ..NONE
            })
        }
        "gem" | "composer" => Kind::Verbs(Verbs {
            never: &["exec", "config", "open", "global"],
            named: &["run-script", "run"],
            fixed: &["install", "require", "update", "create-project"],
            ..NONE
        }),
        _ => Kind::Plain,
    }
}

const GIT: Verbs = Verbs {
    never: &[
        "config",
        "bisect",
        "submodule",
        "filter-branch",
        "filter-repo",
        "difftool",
        "mergetool",
        "daemon",
        "shell",
        "http-backend",
        "upload-pack",
        "receive-pack",
        "upload-archive",
        "instaweb",
        "web--browse",
        "help",
        "hook",
        "credential",
        "credential-cache",
        "credential-store",
        "send-email",
        "svn",
        "cvsserver",
        "p4",
        "gui",
        "citool",
        "gitk",
        "for-each-repo",
        "maintenance",
        "fast-import",
        "remote-ext",
        "remote-fd",
        "remote-http",
        "remote-https",
        "sh-setup",
        "quiltimport",
        "archimport",
        "cvsimport",
        "cvsexportcommit",
        "imap-send",
        "interpret-trailers",
        "lfs",
        "annex",
        "scalar",
        "column",
        "mergetool--lib",
        "sh-i18n",
        "request-pull",
        "fsmonitor--daemon",
        "merge-one-file",
        "merge-index",
        "subtree",
        "fetch-pack",
        "send-pack",
        "archive",
    ],
    launch: &[],
    named: &[],
    fixed: &[],
    harmless: &["--no-pager", "--no-optional-locks", "--literal-pathspecs", "--no-replace-objects"],
};
