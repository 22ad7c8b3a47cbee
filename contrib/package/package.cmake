# cpack -G DEB, in the build directory: a Debian package.
set(CPACK_GENERATOR                 DEB)
set(CPACK_PACKAGE_NAME              shopfs)
set(CPACK_PACKAGE_VENDOR            "the shopfs developers")
set(CPACK_PACKAGE_CONTACT           "shopfs developers <developers@shopfs.example>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "shop database as a filesystem")
set(CPACK_VERBATIM_VARIABLES        ON)
set(CPACK_STRIP_FILES               ON)
# Units name installed paths, so it is installed for /usr, into a staging directory.
set(CPACK_SET_DESTDIR               ON)
set(CPACK_INSTALL_PREFIX            /usr)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
  OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_PRE_BUILD_SCRIPTS         ${CMAKE_CURRENT_LIST_DIR}/stage.cmake)

set(CPACK_DEBIAN_FILE_NAME          DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE    1)
set(CPACK_DEBIAN_PACKAGE_SECTION    admin)
set(CPACK_DEBIAN_PACKAGE_PRIORITY   optional)
set(CPACK_DEBIAN_COMPRESSION_TYPE   xz)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS  ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS    "fuse3 (>= 3.14), adduser")
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "rsync")
set(CPACK_DEBIAN_PACKAGE_SUGGESTS   "inotify-tools, lftp, libnotify-bin, openssh-server, vsftpd")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA
  ${CMAKE_CURRENT_LIST_DIR}/conffiles
  ${CMAKE_CURRENT_LIST_DIR}/postinst
  ${CMAKE_CURRENT_LIST_DIR}/prerm
  ${CMAKE_CURRENT_LIST_DIR}/postrm)
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION
"Shows the back-office database of a shop as a directory: catalogues and
offer feeds as plain files, always current, whole and with exact sizes, and a
folder where the web shop drops its orders, which become rows. Any file server
can serve the directory: sshd for SFTP, vsftpd, rsync.")

include(CPack)
