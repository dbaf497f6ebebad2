// Who this is to a receiver: from a file alone, which nobody but its owner can read.
#pragma once

#include <string>
#include <tl/expected.hpp>
#include <vector>

namespace whyoom::publish {

struct Credentials {
  std::string user, password, mechanism;  // mechanism: of SASL
  std::string token;                      // Authorization: Bearer; NATS: the token
  std::string creds;                      // NATS: a .creds file
  std::string cert, key;                  // files, PEM: a certificate of the client
  std::string ca;                         // a file, PEM: certificates to trust
  std::vector<std::string> headers;       // OTLP: "api-key: ..."

  [[nodiscard]] bool any_secret() const {
    return !password.empty() || !token.empty() || !headers.empty() || !creds.empty();
  }
};

// Lines of `name = value`; `#` begins a remark. The error is a whole sentence, without what stands
// in the file.
tl::expected<Credentials, std::string> read_credentials(const std::string& file);

// A small file with a secret: refused where others than its owner may read or write it. Below
// $CREDENTIALS_DIRECTORY systemd saw to that.
tl::expected<std::string, std::string> read_secret_file(const std::string& file);

// A small file that may be read by everybody.
tl::expected<std::string, std::string> read_small_file(const std::string& file);

}  // namespace whyoom::publish
