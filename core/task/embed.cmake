# Writes scripts.c: every script with the fragments that its "-- uses:" line names in front of it,
# and the SHA-1 of the whole. Run by cmake -P with SOURCE_DIR (the folder lua/) and OUTPUT.
#
# Redis makes every function of a script anew at every call. Fragments in brackets are for what a
# call seldom needs: they are made when seldom() is called first, which returns their functions.

# The files of fragments.
function(find_fragments ret_files names)
  string(REGEX MATCHALL "[a-z_]+" files "${names}")
  list(TRANSFORM files REPLACE "(.+)" "${SOURCE_DIR}/lib_\\1.lua")
  set(${ret_files} ${files} PARENT_SCOPE)
endfunction()

# Writes what stands around seldom fragments: ${prefix}.head and ${prefix}.tail.
function(write_seldom prefix files)
  set(functions)
  foreach(file IN LISTS files)
    file(STRINGS ${file} lines REGEX "^local function ")
    foreach(line IN LISTS lines)
      string(REGEX MATCH "^local function ([a-z_]+)" found "${line}")
      string(APPEND functions "\t\t${CMAKE_MATCH_1} = ${CMAKE_MATCH_1},\n")
    endforeach()
  endforeach()
  file(WRITE ${prefix}.head "local made_seldom\nlocal function seldom()\n"
    "if made_seldom then return made_seldom end\n")
  file(WRITE ${prefix}.tail "\tmade_seldom = {\n${functions}\t}\n\treturn made_seldom\nend\n")
endfunction()

file(GLOB files ${SOURCE_DIR}/*.lua)
list(SORT files)
set(code "/* Made by embed.cmake out of core/task/lua. */\n#include \"task/scripts.h\"\n")

foreach(file IN LISTS files)
  get_filename_component(name ${file} NAME_WE)
  if(name MATCHES "^lib_")
    continue()
  endif()
  file(STRINGS ${file} first LIMIT_COUNT 1)
  if(NOT first MATCHES "^-- uses: ([a-z_ ]+)(\\(([a-z_ ]+)\\) ([a-z_ ]+))?$")
    message(FATAL_ERROR "${file}: the first line must be \"-- uses: FRAGMENT...\"")
  endif()
  set(rest ${CMAKE_MATCH_4})
  set(seldom ${CMAKE_MATCH_3})
  set(whole ${OUTPUT}.${name}.lua)
  find_fragments(parts "${CMAKE_MATCH_1}")
  if(seldom)
    find_fragments(inner "${seldom}")
    find_fragments(behind "${rest}")
    write_seldom(${whole} "${inner}")
    list(APPEND parts ${whole}.head ${inner} ${whole}.tail ${behind})
  endif()
  execute_process(COMMAND ${CMAKE_COMMAND} -E cat ${parts} ${file} OUTPUT_FILE ${whole}
    COMMAND_ERROR_IS_FATAL ANY)
  file(SHA1 ${whole} sha1)
  file(READ ${whole} hex HEX)
  string(LENGTH "${hex}" digits)
  math(EXPR len "${digits} / 2")
  string(REGEX REPLACE "(................................)" "\\1\n\t" hex "${hex}")
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," hex "${hex}")
  string(APPEND code "\nstatic const char ${name}_text[] = {\n\t${hex}0};\n"
    "const struct script script_${name} = {\"${name}\", ${name}_text, ${len}, \"${sha1}\"};\n")
endforeach()
file(WRITE ${OUTPUT} "${code}")
