// The only file that knows the commit, so that another commit compiles nothing else anew.
#include "app/build_info.h"

namespace whyoom::app {
namespace {

constexpr const char* commit = WHYOOM_COMMIT;  // empty: not known

constexpr const char* machine =
#if defined(__x86_64__)
    "x86_64";
#elif defined(__aarch64__)
    "aarch64";
#elif defined(__i386__)
    "i386";
#else
    "another processor";
#endif

#ifdef WHYOOM_SANDBOX
constexpr const char* sandbox = "sandbox";
#else
constexpr const char* sandbox = "no sandbox";
#endif

#ifdef WHYOOM_STATIC
constexpr const char* linked = "static";
#else
constexpr const char* linked = "dynamic";
#endif

#ifdef __clang__
constexpr const char* compiler = "Clang " __clang_version__;
#else
constexpr const char* compiler = "GCC " __VERSION__;
#endif

}  // namespace

std::string version_text() {
  std::string text = "whyoom " WHYOOM_VERSION;
  text += *commit == '\0' ? "\n" : std::string(" (commit ") + commit + ")\n";
  return text + machine + ", " + linked + ", " + sandbox +
         ", gzip, xz, zstd, bzip2, lz4; JSON whyoom/1, ring 1; " + compiler + "\n";
}

}  // namespace whyoom::app
