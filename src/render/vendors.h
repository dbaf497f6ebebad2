// `whyoom whatif --vendors`: who recommends what for vm.min_free_kbytes, and what it costs here.
#pragma once

#include <span>
#include <string>

#include "memory/vendor_rules.h"
#include "render/document.h"

namespace whyoom::render {

Document vendors_document(const memory::Machine& machine,
                          std::span<const memory::VendorView> vendors);
// Output version 1, one object, no newline at the end.
std::string json_vendors(const memory::Machine& machine,
                         std::span<const memory::VendorView> vendors);

}  // namespace whyoom::render
