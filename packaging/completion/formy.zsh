_formy() {
  local _formy_at _formy_takes _formy_operands kind
  local -a found
  integer i
  _formy_begin
  for ((i = 2; i < CURRENT; i++)); do
    _formy_step "$words[i]"
  done
  if [[ -z $_formy_takes && $PREFIX == -* ]]; then
    found=("${(@f)$(_formy_options "$_formy_at")}")
    _describe -o option found
    return
  fi
  kind=$(_formy_kind)
  case $kind in
    (command)
      found=("${(@f)$(_formy_next)}")
      _describe command found
      ;;
    (choice\ *) compadd -- ${=kind#choice } ;;
    (file | image) _files ;;
    (task) compadd -- ${(f)"$(_formy_ids)"} ;;
    (mode) compadd -- ${(f)"$(_formy_modes)"} ;;
  esac
}

_formy "$@"
