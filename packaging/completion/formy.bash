_formy() {
  local current=${COMP_WORDS[COMP_CWORD]} kind option i
  local _formy_at _formy_takes _formy_operands
  COMPREPLY=()
  _formy_begin
  for ((i = 1; i < COMP_CWORD; i++)); do
    # bash makes three words of --name=value
    [ "${COMP_WORDS[i]}" = '=' ] || _formy_step "${COMP_WORDS[i]}"
  done
  [ "$current" != '=' ] || current=''
  if [ -z "$_formy_takes" ] && [[ $current == -* ]]; then
    while IFS=: read -r option _; do
      [[ $option != "$current"* ]] || COMPREPLY+=("$option")
    done < <(_formy_options "$_formy_at")
    return
  fi
  kind=$(_formy_kind)
  case $kind in
    command) mapfile -t COMPREPLY < <(compgen -W "$(_formy_next | cut -d : -f 1)" -- "$current") ;;
    choice\ *) mapfile -t COMPREPLY < <(compgen -W "${kind#choice }" -- "$current") ;;
    file | image)
      compopt -o filenames 2>/dev/null
      mapfile -t COMPREPLY < <(compgen -f -- "$current")
      ;;
    task) mapfile -t COMPREPLY < <(compgen -W "$(_formy_ids)" -- "$current") ;;
    mode) mapfile -t COMPREPLY < <(compgen -W "$(_formy_modes)" -- "$current") ;;
  esac
}

complete -F _formy formy
