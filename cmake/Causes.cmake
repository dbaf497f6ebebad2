# The catalogue of causes is the list of folders src/diagnose/causes/<id>/. From it this makes
# all_causes(), and the pages that `whyoom causes ID` shows: each README.md, and README.zh_CN.md for
# who reads Chinese. A new folder needs no other change anywhere.
#
# whyoom_generate_causes(<out> <folder of the causes>) writes <out> when its content has changed.
function(whyoom_generate_causes out folder)
  file(GLOB codes CONFIGURE_DEPENDS ${folder}/*/cause.cc)
  set(declared "")
  set(listed "")
  foreach(code ${codes})
    cmake_path(GET code PARENT_PATH home)
    cmake_path(GET home FILENAME id)
    string(REPLACE "-" "_" name "cause_${id}")
    string(APPEND declared "extern const Cause ${name};\n")
    string(APPEND listed "        &causes::${name},\n")
  endforeach()
  list(LENGTH codes count)

  string(CONCAT source
    "// Made by cmake/Causes.cmake from the folders in src/diagnose/causes. Do not edit.\n"
    "#include <algorithm>\n#include <array>\n#include <utility>\n\n"
    "#include \"diagnose/cause.h\"\n\n"
    "namespace whyoom::diagnose {\n\n"
    "namespace causes {\n${declared}}  // namespace causes\n\n"
    "std::span<const Cause* const> all_causes() {\n"
    "  static const auto all = [] {\n"
    "    std::array<const Cause*, ${count}> list = {\n${listed}    };\n"
    "    std::sort(list.begin(), list.end(), [](const Cause* a, const Cause* b) {\n"
    "      return std::pair(a->section, a->id) < std::pair(b->section, b->id);\n"
    "    });\n"
    "    return list;\n"
    "  }();\n"
    "  return all;\n"
    "}\n\n"
    "}  // namespace whyoom::diagnose\n")
  file(WRITE ${out}.new "${source}")
  file(COPY_FILE ${out}.new ${out} ONLY_IF_DIFFERENT)
endfunction()

# whyoom_pack_pages(<out> <folder of the causes>) writes <out>, a source file with all pages as one
# text, compressed (xz): a line "<file> <its bytes>", the file, and so on. It is a third of them.
function(whyoom_pack_pages out folder)
  file(GLOB pages CONFIGURE_DEPENDS ${folder}/*/README.md ${folder}/*/README.zh_CN.md)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${pages})
  set(all "")
  foreach(page ${pages})
    file(READ ${page} rest)
    # Paragraphs about the tests beside a page are for who reads the source.
    string(APPEND rest "\n")
    set(text "")
    while(NOT rest STREQUAL "")
      string(FIND "${rest}" "\n\n" at)
      math(EXPR next "${at} + 2")
      string(SUBSTRING "${rest}" 0 ${at} part)
      string(SUBSTRING "${rest}" ${next} -1 rest)
      if(NOT part MATCHES "^[^-#|].*\\.case")
        string(APPEND text "${part}\n\n")
      endif()
    endwhile()
    string(STRIP "${text}" text)
    string(APPEND text "\n")
    string(LENGTH "${text}" size)
    cmake_path(RELATIVE_PATH page BASE_DIRECTORY ${folder} OUTPUT_VARIABLE name)
    string(APPEND all "${name} ${size}\n${text}")
  endforeach()
  file(WRITE ${out}.txt "${all}")
  file(ARCHIVE_CREATE OUTPUT ${out}.xz PATHS ${out}.txt FORMAT raw COMPRESSION XZ
    COMPRESSION_LEVEL 9)
  file(READ ${out}.xz bytes HEX)
  string(REGEX REPLACE "(..)" "0x\\1," bytes "${bytes}")
  string(CONCAT source
    "// Made by cmake/Causes.cmake from the pages of the causes. Do not edit.\n"
    "#include \"app/cause_pages.h\"\n\n"
    "namespace whyoom::app {\n\n"
    "static constexpr unsigned char pages[] = {${bytes}};\n"
    "const std::basic_string_view<unsigned char> packed_cause_pages(pages, sizeof pages);\n\n"
    "}  // namespace whyoom::app\n")
  file(WRITE ${out}.new "${source}")
  file(COPY_FILE ${out}.new ${out} ONLY_IF_DIFFERENT)
endfunction()
