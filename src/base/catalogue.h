// The catalogue of the page, which has it beside the module, packed; the command has its own
// inside.
#pragma once

#include <string>

namespace whyoom {

#ifdef __wasm__
// As web/page.py writes it: how many texts there are, of each key the FNV-1a hash, all as
// little-endian 32-bit numbers, and the texts in the same order, each with a NUL behind it. What
// the module has no key of is left out.
void set_catalogue(std::string texts);
#endif

}  // namespace whyoom
