
# What follows is the same for bash and zsh. It reads the words before the one to be completed,
# one by one, into _formy_at (the command so far), _formy_takes (an option that waits for its
# value) and _formy_operands (how many there were).

_formy_begin() {
  _formy_at='' _formy_takes='' _formy_operands=0
}

# Whether some command is these words, or begins with them.
_formy_is_command() {
  _formy_commands | grep -q -e "^$1[: ]"
}

_formy_is_whole() {
  _formy_commands | grep -q -e "^$1:"
}

_formy_step() {
  local longer="${_formy_at:+$_formy_at }$1"
  if [ -n "$_formy_takes" ]; then
    _formy_takes=''
    return
  fi
  case $1 in
    -*=*) ;;
    -*)
      if [ -n "$(_formy_value "$_formy_at" "$1")" ]; then
        _formy_takes=$1
      fi
      ;;
    *)
      if [ "$_formy_operands" -eq 0 ] && _formy_is_command "$longer"; then
        _formy_at=$longer
      else
        _formy_operands=$((_formy_operands + 1))
      fi
      ;;
  esac
}

# The next words of commands, a line each: "put:stores a picture". A group has a line for each.
_formy_next() {
  _formy_commands | sed -n "s/^${_formy_at:+$_formy_at }\([^ :]*\)[^:]*:/\1:/p" | sort -u -t : -k 1,1
}

# What is to be completed: "command", "choice A B", "file", "image", "task", "mode", "plain".
_formy_kind() {
  if [ -n "$_formy_takes" ]; then
    _formy_value "$_formy_at" "$_formy_takes"
  elif ! _formy_is_whole "$_formy_at"; then
    echo command
  else
    _formy_operand "$_formy_at" "$_formy_operands"
  fi
}

# From Redis, which must not keep anybody waiting.
_formy_ids() {
  timeout 2 formy list --page-size 50 2>/dev/null | awk 'NR > 1 { print $1 }'
}

_formy_modes() {
  timeout 2 formy --json worker list 2>/dev/null | grep -o '"[A-Z][A-Z0-9_]*"' | tr -d '"' | sort -u
}

