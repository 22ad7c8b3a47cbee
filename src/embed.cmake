# shopfs_embed(TARGET SYMBOL FILE...): the bytes of the files, one after the other, as
#   const char SYMBOL[]        (a NUL follows that does not count)
#   const size_t SYMBOL_size
# compiled into TARGET. Made at build time, by CMake itself.
set(SHOPFS_EMBED_SCRIPT ${CMAKE_CURRENT_LIST_DIR}/embed_run.cmake)

function(shopfs_embed target symbol)
  set(files)
  foreach(file IN LISTS ARGN)
    get_filename_component(file ${file} ABSOLUTE)
    list(APPEND files ${file})
  endforeach()
  set(out ${CMAKE_CURRENT_BINARY_DIR}/embed/${symbol}.c)
  string(REPLACE ";" "|" packed "${files}")
  add_custom_command(
    OUTPUT ${out}
    COMMAND ${CMAKE_COMMAND} -DSYMBOL=${symbol} "-DFILES=${packed}" -DOUT=${out} -P ${SHOPFS_EMBED_SCRIPT}
    DEPENDS ${files} ${SHOPFS_EMBED_SCRIPT}
    COMMENT "Embedding ${symbol}"
    VERBATIM)
  target_sources(${target} PRIVATE ${out})
endfunction()
