// Fields in any bytes, one per part as "name:value": a length rule is given only where it cannot be read in two ways,
// and what is said to be removed is gone, entirely and the first time.
#include <algorithm>
#include <initializer_list>
#include <string>

#include "core/base/check.h"
#include "core/base/text.h"
#include "core/http/framing.h"
#include "core/http/hop_headers.h"
#include "core/http/host_port.h"
#include "core/http/protected_headers.h"
#include "core/http/trailer_policy.h"
#include "tests/fuzz/fuzz_target.h"

namespace sluice::core {
namespace {

std::string TextOf(const HeaderMap& fields) {
  std::string text;
  for (const HeaderMap::Field& field : fields.fields()) {
    text.append(field.name).append(":").append(field.value).append("\n");
  }
  return text;
}

void CheckRule(const HeaderMap& fields, const BodyRule& rule) {
  const std::size_t codings = fields.Count(HeaderName::kTransferEncoding);
  const std::size_t lengths = fields.Count(HeaderName::kContentLength);
  CHECK(codings + lengths <= 1);
  CHECK(codings == 0 || EqualsIgnoreCase(*fields.Find(HeaderName::kTransferEncoding), "chunked"));
  CHECK(rule.kind != BodyKind::kChunked || codings == 1);
  if (lengths == 0) {
    CHECK(rule.kind != BodyKind::kLength);
    return;
  }
  const std::string_view digits = *fields.Find(HeaderName::kContentLength);
  CHECK(!digits.empty() && digits.find_first_not_of("0123456789") == std::string_view::npos);
  if (rule.kind == BodyKind::kLength) CHECK(rule.length > 0 && rule.length == ParseDecimal(digits));
}

void CheckFraming(const HeaderMap& fields) {
  for (const bool codings : {true, false}) {
    if (const auto rule = RequestBodyRule(fields, codings)) {
      CheckRule(fields, *rule);
      CHECK(rule->kind != BodyKind::kUntilClose);
      CHECK(rule->kind == BodyKind::kChunked || !fields.Has(HeaderName::kTransferEncoding));
    }
    for (const std::uint16_t status : std::initializer_list<std::uint16_t>{103, 200, 204, 304}) {
      const auto rule = ResponseBodyRule(fields, status, false, codings);
      if (!rule) continue;
      CheckRule(fields, *rule);
      CHECK(status == 200 || rule->kind == BodyKind::kNone);
    }
  }
}

void CheckHops(HeaderMap& fields) {
  const ConnectionOptions options = ReadConnectionOptions(fields);
  if (!RemoveHopByHop(fields, options)) return;
  for (const HeaderMap::Field& field : fields.fields()) {
    CHECK(!IsHopByHop(field.code));
    CHECK(field.code != HeaderName::kTe || field.value == "trailers");
  }
  CHECK(fields.Count(HeaderName::kTe) <= 1);
  const std::string once = TextOf(fields);
  CHECK(RemoveHopByHop(fields, ReadConnectionOptions(fields)) && TextOf(fields) == once);
}

void CheckProtected(HeaderMap& fields) {
  const std::size_t before = fields.size();
  CHECK(RemoveProtected(fields) == before - fields.size());
  for (const HeaderMap::Field& field : fields.fields()) {
    std::string name(field.name);
    std::ranges::replace(name, '_', '-');
    CHECK(!name.starts_with("x-envoy-") && !name.starts_with("x-sluice-"));
    CHECK(name != "x-ab-bucket" && name != "x-ab-experiment" && name != "x-ab-arm");
    CHECK(name != "x-forwarded-client-cert");
  }
}

void CheckHost(std::string_view value) {
  const auto host = ParseHostPort(value);
  if (!host) return;
  CHECK(value.find_first_of("@/?#,; \t\\%") == std::string_view::npos);
  CHECK(!host->host.empty() && value.starts_with(host->host));
  CHECK(host->port.has_value() == (host->host.size() < value.size()));
}

FUZZ_TARGET(field_fuzz) {
  Arena arena;
  HeaderMap fields(arena);
  fuzz::Parts parts(input);
  while (!parts.empty() && fields.size() < 200) {
    const std::string_view line = parts.Next();
    const std::string_view name = line.substr(0, line.find(':'));
    const std::string_view value = Trim(line.substr(std::min(line.size(), name.size() + 1)));
    if (IsToken(name)) fields.AddCopy(name, value);
    CheckHost(value);
  }
  CheckFraming(fields);
  HeaderMap trailers(arena);
  trailers.CopyFrom(fields);
  FilterTrailers(trailers, fields.Joined("trailer", HeaderName::kTrailer, arena).value_or(""));
  for (const HeaderMap::Field& field : trailers.fields()) {
    CHECK(!IsHopByHop(field.code) && field.code != HeaderName::kTrailer && !IsProtectedHeader(field.name));
  }
  CheckHops(fields);
  CheckProtected(fields);
}

}  // namespace
}  // namespace sluice::core
