# The words before the one to be completed, without options and their values.
function __formy_words
    set -l words
    set -l tokens (commandline -opc)
    set -l skip no
    for token in $tokens[2..-1]
        if test $skip = yes
            set skip no
        else if contains -- $token -c --config-file
            set skip yes
        else if not string match -q -- '-*' $token
            set -a words $token
        end
    end
    string join ' ' -- $words
end

# Whether they are exactly these, or none.
function __formy_at
    test "$(__formy_words)" = "$argv"
end

# Whether they begin with these.
function __formy_is
    string match -q -- "$argv *" "$(__formy_words) "
end

# From Redis, which must not keep anybody waiting.
function __formy_tasks
    timeout 2 formy list --page-size 50 2>/dev/null | tail -n +2 | string split -f 1 ' '
end

function __formy_modes
    timeout 2 formy --json worker list 2>/dev/null | grep -o '"[A-Z][A-Z0-9_]*"' | tr -d '"' | sort -u
end

