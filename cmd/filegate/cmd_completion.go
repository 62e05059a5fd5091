package main

import (
	"flag"
	"fmt"
	"io"
	"strings"
)

func cmdCompletion(e env, args []string) int {
	fs := newFlags(e, "completion", strings.Join(shells(), "|")+`

Print a script that completes filegate's commands and flags in a shell:

  bash: filegate completion bash > /usr/share/bash-completion/completions/filegate
  zsh:  filegate completion zsh > /usr/share/zsh/vendor-completions/_filegate
  fish: filegate completion fish > /usr/share/fish/vendor_completions.d/filegate.fish
`)
	if code, ok := parseArgs(e, fs, args, 1); !ok {
		return code
	}
	write := map[string]func(io.Writer, []completion){"bash": bashCompletion, "zsh": zshCompletion, "fish": fishCompletion}[fs.Arg(0)]
	if write == nil {
		fmt.Fprintf(e.stderr, "filegate completion: there are no completions for %q: give %s\n", fs.Arg(0), strings.Join(shells(), ", "))
		return exitUsage
	}
	write(e.stdout, completions(e, "", "", commands()))
	return exitOK
}

func shells() []string { return []string{"bash", "zsh", "fish"} }

// completion is the list of words that can follow a command. The first completion has an empty
// path: it is for filegate itself.
type completion struct {
	path    string // with a space before each word, as in " users add"
	summary string
	words   []completionWord
	flags   []completionFlag
}

type completionWord struct{ name, summary string }

type completionFlag struct {
	name, usage string
	value       bool // a value follows
}

// completions returns the completions of a command and of each subcommand. It gets the flags from
// the commands themselves, so that a flag cannot be missing or outdated here.
func completions(e env, path, summary string, group []command) []completion {
	here := completion{path: path, summary: summary}
	all := []completion{}
	for _, c := range group {
		here.words = append(here.words, completionWord{c.name, c.summary})
		below := path + " " + c.name
		if c.group != nil {
			all = append(all, completions(e, below, c.summary, c.group)...)
			continue
		}
		one := completion{path: below, summary: c.summary}
		for _, w := range c.words {
			one.words = append(one.words, completionWord{w, ""})
		}
		e.stdout, e.stderr = io.Discard, io.Discard
		e.describe = func(fs *flag.FlagSet) {
			fs.VisitAll(func(f *flag.Flag) {
				isBool, ok := f.Value.(interface{ IsBoolFlag() bool })
				_, usage := flag.UnquoteUsage(f)
				one.flags = append(one.flags, completionFlag{f.Name, usage, !ok || !isBool.IsBoolFlag()})
			})
		}
		c.run(e, []string{"-h"})
		all = append(all, one)
	}
	return append([]completion{here}, all...)
}

// names returns the words, and the flags in the form -NAME.
func (c completion) names() (words, flags, valued []string) {
	for _, w := range c.words {
		words = append(words, w.name)
	}
	for _, f := range c.flags {
		flags = append(flags, "-"+f.name)
		if f.value {
			valued = append(valued, "-"+f.name)
		}
	}
	return words, flags, valued
}

// paths returns all paths except the empty one, as patterns for the case statement of a shell.
func paths(all []completion) string {
	var quoted []string
	for _, c := range all[1:] {
		quoted = append(quoted, shellQuote(c.path))
	}
	return strings.Join(quoted, "|")
}

func shellQuote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

// pathLoop finds the path of the command in an array of words, in bash and zsh.
const pathLoop = `  for word in "${before[@]}"; do
    case "$path $word" in
      %s) path="$path $word" ;;
    esac
  done
`

func bashCompletion(w io.Writer, all []completion) {
	fmt.Fprint(w, `# Completions of filegate for bash, made by: filegate completion bash
_filegate() {
  local path= word words= flags= valued=
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]}
  local before=("${COMP_WORDS[@]:1:COMP_CWORD-1}")
`)
	fmt.Fprintf(w, pathLoop, paths(all))
	fmt.Fprint(w, "  case \"$path\" in\n")
	for _, c := range all {
		words, flags, valued := c.names()
		fmt.Fprintf(w, "    %s) words=%s flags=%s valued=%s ;;\n", shellQuote(c.path),
			shellQuote(strings.Join(words, " ")), shellQuote(strings.Join(flags, " ")), shellQuote(strings.Join(valued, " ")))
	}
	fmt.Fprint(w, `  esac
  COMPREPLY=()
  case " $valued " in
    *" $previous "*) return ;; # a value: bash offers files
  esac
  case $current in
    -*) words=$flags ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _filegate filegate
`)
}

func zshCompletion(w io.Writer, all []completion) {
	fmt.Fprint(w, `#compdef filegate
# Completions of filegate for zsh, made by: filegate completion zsh
_filegate() {
  local path_= word
  local -a before choices flags valued
  before=("${(@)words[2,CURRENT-1]}")
`)
	// path itself is the search path of zsh.
	fmt.Fprintf(w, strings.ReplaceAll(pathLoop, "path", "path_"), paths(all))
	fmt.Fprint(w, "  case \"$path_\" in\n")
	for _, c := range all {
		fmt.Fprintf(w, "    %s)\n      choices=(", shellQuote(c.path))
		for _, word := range c.words {
			fmt.Fprintf(w, " %s", zshChoice(word.name, word.summary))
		}
		fmt.Fprint(w, " )\n      flags=(")
		for _, f := range c.flags {
			fmt.Fprintf(w, " %s", zshChoice("-"+f.name, f.usage))
		}
		_, _, valued := c.names()
		fmt.Fprintf(w, " )\n      valued=( %s )\n      ;;\n", strings.Join(valued, " "))
	}
	fmt.Fprint(w, `  esac
  if (( ${valued[(Ie)${words[CURRENT-1]}]} )); then
    _files
  elif [[ ${words[CURRENT]} == -* ]]; then
    _describe -o flag flags
  elif (( $#choices )); then
    _describe command choices
  else
    _files
  fi
}
if [ "$funcstack[1]" = _filegate ]; then
  _filegate "$@"
else
  compdef _filegate filegate
fi
`)
}

// zshChoice returns a choice with its description, as zsh's _describe takes it.
func zshChoice(name, summary string) string {
	name = strings.ReplaceAll(name, ":", `\:`)
	if summary == "" {
		return shellQuote(name)
	}
	return shellQuote(name + ":" + summary)
}

func fishCompletion(w io.Writer, all []completion) {
	fmt.Fprint(w, `# Completions of filegate for fish, made by: filegate completion fish
function __filegate_at
    set -l path ''
    for word in (commandline -opc)[2..]
        switch "$path $word"
            case `+strings.ReplaceAll(paths(all), "|", " ")+`
                set path "$path $word"
        end
    end
    test "$path" = "$argv[1]"
end
`)
	for _, c := range all {
		at := fmt.Sprintf("complete -c filegate -n %s", fishQuote("__filegate_at "+fishQuote(c.path)))
		for _, word := range c.words {
			fmt.Fprintf(w, "%s -f -a %s -d %s\n", at, fishQuote(word.name), fishQuote(word.summary))
		}
		for _, f := range c.flags {
			value := ""
			if f.value {
				value = " -r -F"
			}
			fmt.Fprintf(w, "%s -o %s%s -d %s\n", at, f.name, value, fishQuote(f.usage))
		}
	}
}

func fishQuote(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, "'", `\'`).Replace(s) + "'"
}
