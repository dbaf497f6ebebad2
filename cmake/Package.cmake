# `./dev package`: the static program, its manual, completions and units as .deb, .rpm and .tar.gz.
# A package made twice of one commit has the same bytes (SOURCE_DATE_EPOCH is the commit's time).
set(CPACK_PACKAGE_NAME whyoom)
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_PACKAGE_VENDOR "The whyoom authors")
set(CPACK_PACKAGE_CONTACT "The whyoom authors <whyoom@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "tells why Linux ran out of memory, and proves it")
set(CPACK_PACKAGE_DESCRIPTION
  "Reads the kernel's report of an OOM kill or panic, does the kernel's own
arithmetic again, and says which setting, limit or process was the cause:
with every number and its line. It begins with a machine that kills
processes while gigabytes are free, because vm.min_free_kbytes is too high.
It checks a running host, fixes the setting so that it can be taken back,
and records the minutes before the next one.")
set(CPACK_RESOURCE_FILE_LICENSE ${CMAKE_SOURCE_DIR}/LICENSE)
set(CPACK_STRIP_FILES OFF) # the linker did
set(CPACK_PACKAGE_DIRECTORY ${CMAKE_BINARY_DIR}/packages)
set(CPACK_PRE_BUILD_SCRIPTS ${CMAKE_SOURCE_DIR}/cmake/PackageFiles.cmake)

if(CMAKE_SYSTEM_PROCESSOR MATCHES "aarch64|arm64")
  set(CPACK_DEBIAN_PACKAGE_ARCHITECTURE arm64)
endif()
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_DEBIAN_PACKAGE_SECTION admin)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_SUGGESTS prometheus-node-exporter)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA ${CMAKE_SOURCE_DIR}/packaging/deb/postinst
  ${CMAKE_SOURCE_DIR}/packaging/deb/prerm ${CMAKE_SOURCE_DIR}/packaging/deb/postrm)

set(CPACK_RPM_FILE_NAME RPM-DEFAULT)
set(CPACK_RPM_PACKAGE_ARCHITECTURE ${CMAKE_SYSTEM_PROCESSOR})
set(CPACK_RPM_PACKAGE_LICENSE Apache-2.0)
set(CPACK_RPM_PACKAGE_AUTOREQ OFF)
set(CPACK_RPM_SPEC_MORE_DEFINE "%define _build_id_links none\n%define source_date_epoch_from_changelog 0
%define clamp_mtime_to_source_date_epoch 1\n%define use_source_date_epoch_as_buildtime 1\n%define _buildhost whyoom")
set(CPACK_RPM_EXCLUDE_FROM_AUTO_FILELIST_ADDITION /usr/share/man /usr/share/man/man1 /usr/share/man/man5
  /usr/share/man/zh_CN /usr/share/man/zh_CN/man1 /usr/lib/systemd
  /usr/lib/systemd/system /usr/share/bash-completion /usr/share/bash-completion/completions /usr/share/zsh
  /usr/share/zsh/site-functions /usr/share/fish /usr/share/fish/vendor_completions.d)
set(CPACK_RPM_POST_INSTALL_SCRIPT_FILE ${CMAKE_SOURCE_DIR}/packaging/deb/postinst)
set(CPACK_RPM_PRE_UNINSTALL_SCRIPT_FILE ${CMAKE_SOURCE_DIR}/packaging/rpm/preun)
set(CPACK_PACKAGE_FILE_NAME whyoom-${PROJECT_VERSION}-linux-${CMAKE_SYSTEM_PROCESSOR})
# What needs shared libraries is a package of its own, a .deb alone: CPackPublish.cmake.
set(CPACK_INSTALL_CMAKE_PROJECTS "${CMAKE_BINARY_DIR};whyoom;Unspecified;/")
include(CPack)
if(TARGET whyoom-publish)
  file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/CPackPublish.cmake @ONLY CONTENT [[
include("@CMAKE_BINARY_DIR@/CPackConfig.cmake")
set(CPACK_PACKAGE_NAME whyoom-publish)
set(CPACK_INSTALL_CMAKE_PROJECTS "@CMAKE_BINARY_DIR@;whyoom;publish;/")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "sends events of whyoom to where a fleet keeps its own")
set(CPACK_PACKAGE_DESCRIPTION "Explained OOM events as OpenTelemetry logs, Kubernetes Events, to Kafka,
NATS JetStream, the journal or a pipe: each once, in order, and later
where the receiver is away.")
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS "whyoom (>= @PROJECT_VERSION@)")
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "")
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA "@CMAKE_SOURCE_DIR@/packaging/deb/publish/postinst"
  "@CMAKE_SOURCE_DIR@/packaging/deb/publish/prerm" "@CMAKE_SOURCE_DIR@/packaging/deb/publish/postrm")
]])
endif()
