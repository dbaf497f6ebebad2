# What Debian wants of the files of a package, done to the tree that is about to be packed.
set(tree ${CPACK_TEMPORARY_DIRECTORY})
if(CPACK_GENERATOR STREQUAL "DEB")
  set(doc ${tree}/usr/share/doc/${CPACK_PACKAGE_NAME})
  if(EXISTS ${tree}/usr/share/zsh)
    file(RENAME ${tree}/usr/share/zsh/site-functions ${tree}/usr/share/zsh/vendor-completions)
  endif()
  file(GLOB pages ${tree}/usr/share/man/man*/* ${tree}/usr/share/man/*/man*/*)
  execute_process(COMMAND gzip -9n ${pages} COMMAND_ERROR_IS_FATAL ANY)
  file(MAKE_DIRECTORY ${doc} ${tree}/usr/share/lintian/overrides)
  string(TIMESTAMP date "%a, %d %b %Y %H:%M:%S +0000" UTC) # of SOURCE_DATE_EPOCH, where it is set
  file(WRITE ${doc}/changelog.Debian
    "${CPACK_PACKAGE_NAME} (${CPACK_PACKAGE_VERSION}-${CPACK_DEBIAN_PACKAGE_RELEASE}) unstable; urgency=medium\n\n"
    "  * Version ${CPACK_PACKAGE_VERSION}: CHANGELOG.md has what is new.\n\n"
    " -- ${CPACK_PACKAGE_CONTACT}  ${date}\n")
  file(COPY_FILE ${CMAKE_CURRENT_LIST_DIR}/../CHANGELOG.md ${doc}/changelog)
  execute_process(COMMAND gzip -9n ${doc}/changelog.Debian ${doc}/changelog COMMAND_ERROR_IS_FATAL ANY)
  if(CPACK_PACKAGE_NAME STREQUAL "whyoom")
    set(of ${CMAKE_CURRENT_LIST_DIR}/../packaging/deb)
  else()
    set(of ${CMAKE_CURRENT_LIST_DIR}/../packaging/deb/publish)
  endif()
  file(COPY_FILE ${of}/copyright ${doc}/copyright)
  file(COPY_FILE ${of}/lintian-overrides ${tree}/usr/share/lintian/overrides/${CPACK_PACKAGE_NAME})
endif()
# A package has the program in /usr/bin, wherever `cmake --install` would put it.
file(GLOB_RECURSE units ${tree}/*.service)
foreach(unit ${units})
  cmake_path(GET unit FILENAME name)
  file(COPY_FILE ${CMAKE_CURRENT_LIST_DIR}/../packaging/systemd/${name} ${unit})
endforeach()
# Not those of who builds it.
file(GLOB_RECURSE all LIST_DIRECTORIES true ${tree}/*)
foreach(path ${all})
  if(IS_DIRECTORY ${path} OR path MATCHES "/bin/[^/]+$")
    file(CHMOD ${path} PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE
      WORLD_READ WORLD_EXECUTE)
  else()
    file(CHMOD ${path} PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ WORLD_READ)
  endif()
endforeach()
