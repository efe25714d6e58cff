# Writes OUTPUT: BEFORE, what PROGRAM PAGE prints, and the files of AFTER.
execute_process(COMMAND ${PROGRAM} ${PAGE} OUTPUT_FILE ${OUTPUT}.part COMMAND_ERROR_IS_FATAL ANY)
file(WRITE ${OUTPUT}.before "${BEFORE}\n\n")
if(BEFORE)
  set(parts ${OUTPUT}.before)
endif()
execute_process(COMMAND ${CMAKE_COMMAND} -E cat ${parts} ${OUTPUT}.part ${AFTER}
  OUTPUT_FILE ${OUTPUT} COMMAND_ERROR_IS_FATAL ANY)
