#include "bench/loadgen/request_mix.h"

#include <algorithm>

#include "bench/loadgen/mix_file.h"
#include "core/base/text.h"

namespace sluice::bench {
namespace {

using core::ErrorCode;

// The draws of a request are independent of each other, so that the size of a body does not follow its header.
constexpr std::uint64_t kBodySalt = 0x5851f42d4c957f2dULL;

// Makes the {random:N} of the header that names the unit the place of the user.
core::Result<UserSpec> TakeUnit(const std::string& name, std::vector<std::string>& headers, std::string& user_header) {
  constexpr std::string_view kMark = "{random:";
  for (auto line = headers.begin(); line != headers.end(); ++line) {
    const auto colon = line->find(':');
    if (colon == std::string::npos || !core::EqualsIgnoreCase(std::string_view(*line).substr(0, colon), name)) continue;
    const auto from = line->find(kMark, colon);
    const auto to = line->find('}', from);
    if (from == std::string::npos || to == std::string::npos) break;
    const std::size_t digits = from + kMark.size();
    const auto count = core::ParseDecimal(std::string_view(*line).substr(digits, to - digits));
    if (!count || *count == 0 || *count > UserSpec::kCountMax) break;
    user_header = line->substr(0, from) + "{user}" + line->substr(to + 1);
    headers.erase(line);
    return UserSpec{.count = *count};
  }
  return core::Fail(ErrorCode::kInvalidArgument, "no header '" + name + "' draws the unit",
                    "add -H '" + name + ": u{random:100000}', at most a thousand million");
}

}  // namespace

core::Result<RequestMix> RequestMix::FromParts(const RequestParts& parts) {
  auto target = ParseTarget(parts.url);
  if (!target) return std::unexpected(target.error());
  KindSpec spec{.method = parts.method,
                .headers = parts.headers,
                .body = parts.body,
                .body_size = {.min = parts.body_bytes, .max = parts.body_bytes},
                .grpc = parts.grpc};
  std::optional<UserSpec> users;
  if (!parts.unit.empty()) {
    std::string header;
    auto taken = TakeUnit(parts.unit, spec.headers, header);
    if (!taken) return std::unexpected(taken.error());
    spec.user_headers.push_back(std::move(header));
    users = std::move(*taken);
  }
  auto kind = RequestKind::Compile(spec, *target);
  if (!kind) return std::unexpected(kind.error());
  std::vector<RequestKind> kinds;
  kinds.push_back(std::move(*kind));
  return FromKinds(std::move(kinds), std::move(users), std::move(*target));
}

core::Result<RequestMix> RequestMix::Load(const std::string& path, const RequestParts& defaults) {
  auto target = ParseTarget(defaults.url);
  if (!target) return std::unexpected(target.error());
  auto file = ReadMixFile(path, defaults, *target);
  if (!file) return std::unexpected(file.error());
  return FromKinds(std::move(file->kinds), std::move(file->users), std::move(*target));
}

core::Result<RequestMix> RequestMix::FromKinds(std::vector<RequestKind> kinds, std::optional<UserSpec> users,
                                               Target target) {
  if (kinds.empty() || kinds.size() > kKindsMax) {
    return core::Fail(ErrorCode::kLimitExceeded, "a mix has 1 to 64 entries", "write at least one, merge alike ones");
  }
  RequestMix mix;
  std::uint64_t sum = 0;
  std::uint64_t filler = 0;
  for (const RequestKind& kind : kinds) {
    sum += kind.weight();
    mix.weights_.push_back(sum);
    mix.seeded_ = mix.seeded_ || kind.varies();
    if (kind.body_varies()) filler = std::max(filler, kind.body_size().max);
  }
  mix.filler_.assign(filler, 'x');
  if (users && users->exponent > 0) mix.zipf_.emplace(users->count, users->exponent);
  mix.target_ = std::move(target);
  mix.kinds_ = std::move(kinds);
  mix.users_ = std::move(users);
  return mix;
}

RequestDraw RequestMix::Draw(std::uint64_t number, core::Random& random) const {
  RequestDraw draw{.number = number};
  if (kinds_.size() > 1) {
    const auto at = std::ranges::upper_bound(weights_, random.Below(weights_.back()));
    draw.kind = static_cast<std::uint32_t>(at - weights_.begin());
  }
  if (users_) draw.unit = zipf_ ? zipf_->Draw(random) : random.Below(users_->count);
  if (seeded_) draw.seed = random.Next();
  return draw;
}

std::uint64_t RequestMix::BodyBytes(const RequestDraw& draw) const {
  const RequestKind& kind = kinds_[draw.kind];
  if (!kind.body_varies()) return kind.body().size();
  core::Random random(draw.seed ^ kBodySalt);
  return kind.body_size().Draw(random);
}

void RequestMix::AppendHead(std::string& out, const RequestDraw& draw) const {
  kinds_[draw.kind].AppendHead(out, {.n = draw.number, .user = draw.unit}, draw.seed, BodyBytes(draw));
}

void RequestMix::Fields(const RequestDraw& draw, std::string& arena, std::vector<FieldView>& out) const {
  kinds_[draw.kind].Fields(arena, out, {.n = draw.number, .user = draw.unit}, draw.seed, BodyBytes(draw));
}

std::string_view RequestMix::Body(const RequestDraw& draw) const {
  const RequestKind& kind = kinds_[draw.kind];
  return kind.body_varies() ? std::string_view(filler_).substr(0, BodyBytes(draw)) : std::string_view(kind.body());
}

std::chrono::nanoseconds RequestMix::Think(const RequestDraw& draw, core::Random& random) const {
  return kinds_[draw.kind].think().Draw(random);
}

std::vector<std::string> RequestMix::KindNames() const {
  std::vector<std::string> names;
  for (const RequestKind& kind : kinds_) names.push_back(kind.name());
  return names;
}

}  // namespace sluice::bench
