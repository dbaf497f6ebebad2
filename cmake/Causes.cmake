# The catalogue of causes is the list of folders src/diagnose/causes/<id>/. From it this makes one
# source file: all_causes() and documentation(), the text of each README.md, and of README.zh_CN.md for
# who reads Chinese. A new folder needs no other change anywhere.
#
# whyoom_generate_causes(<out> <folder of the causes>) writes <out> when its content has changed.
function(whyoom_generate_causes out folder)
  file(GLOB codes CONFIGURE_DEPENDS ${folder}/*/cause.cc)
  file(GLOB readmes CONFIGURE_DEPENDS ${folder}/*/README.md ${folder}/*/README.zh_CN.md)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${readmes})

  set(declared "")
  set(listed "")
  set(documents "")
  foreach(code ${codes})
    cmake_path(GET code PARENT_PATH home)
    cmake_path(GET home FILENAME id)
    string(REPLACE "-" "_" name "cause_${id}")
    string(APPEND declared "extern const Cause ${name};\n")
    string(APPEND listed "        &causes::${name},\n")
    whyoom_raw_string(text ${home}/README.md)
    whyoom_raw_string(chinese ${home}/README.zh_CN.md)
    string(APPEND documents "      Document{\"${id}\",\n${text},\n${chinese}},\n")
  endforeach()
  list(LENGTH codes count)

  string(CONCAT source
    "// Made by cmake/Causes.cmake from the folders in src/diagnose/causes. Do not edit.\n"
    "#include <algorithm>\n#include <array>\n#include <utility>\n\n"
    "#include \"base/language.h\"\n#include \"diagnose/cause.h\"\n\n"
    "#pragma GCC diagnostic ignored \"-Woverlength-strings\"\n\n"
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
    "std::string_view documentation(std::string_view id) {\n"
    "  struct Document {\n    std::string_view id, text, chinese;\n  };\n"
    "  static constexpr std::array<Document, ${count}> all = {{\n${documents}  }};\n"
    "  for (const auto& [name, text, chinese] : all) {\n"
    "    if (name == id) {\n"
    "      const bool translated = language() == Language::chinese && !chinese.empty();\n"
    "      return translated ? chinese : text;\n"
    "    }\n"
    "  }\n"
    "  return {};\n"
    "}\n\n"
    "}  // namespace whyoom::diagnose\n")
  file(WRITE ${out}.new "${source}")
  file(COPY_FILE ${out}.new ${out} ONLY_IF_DIFFERENT)
endfunction()

# The content of a file as C++ raw strings, in pieces that every compiler takes; "" without it.
function(whyoom_raw_string out file)
  set(text "")
  if(EXISTS ${file})
    file(READ ${file} text)
  endif()
  set(pieces "\"\"\n")
  string(LENGTH "${text}" left)
  set(from 0)
  while(left GREATER 0)
    string(SUBSTRING "${text}" ${from} 8000 piece)
    string(APPEND pieces "R\"~README~(${piece})~README~\"\n")
    math(EXPR from "${from} + 8000")
    math(EXPR left "${left} - 8000")
  endwhile()
  set(${out} "${pieces}" PARENT_SCOPE)
endfunction()
