#include "core/http/forwarding.h"

#include <algorithm>
#include <array>

#include "core/base/copy_text.h"
#include "core/base/hex.h"
#include "core/base/text.h"
#include "core/http/protected_headers.h"

namespace sluice::core {
namespace {

constexpr std::string_view kExternalAddress = "x-envoy-external-address";
constexpr std::size_t kRequestIdMax = 128;  // bytes; a longer one is replaced

bool InTrusted(std::string_view address, std::span<const Cidr> cidrs) {
  if (cidrs.empty()) return false;
  const auto bytes = ParseIp(address);
  return bytes && std::ranges::any_of(cidrs, [&](const Cidr& cidr) { return cidr.Contains(*bytes); });
}

// Takes the last element of a comma separated list off its end; empty when none is left.
std::string_view TakeLast(std::string_view& list) {
  while (!list.empty()) {
    const std::size_t comma = list.rfind(',');
    const std::string_view last = Trim(comma == std::string_view::npos ? list : list.substr(comma + 1));
    list = comma == std::string_view::npos ? std::string_view() : list.substr(0, comma);
    if (!last.empty()) return last;
  }
  return {};
}

// Walks from the socket's peer to the left over our own proxies. `chain` is x-forwarded-for as received.
std::string_view TrustedClient(std::string_view chain, const ForwardingContext& context) {
  std::string_view client = context.peer_address;
  for (std::uint32_t hop = 0;; ++hop) {
    if (hop >= context.trusted_hops && !InTrusted(client, context.trusted_cidrs)) return client;
    const std::string_view before = TakeLast(chain);
    // Whatever does not read as an address was not written by a proxy of ours.
    if (before.empty() || !ParseIp(before)) return client;
    client = before;
  }
}

bool IsScheme(std::string_view text) { return text == "http" || text == "https"; }

}  // namespace

std::string_view MakeUuid(Random& random, Arena& arena) {
  constexpr std::uint64_t kVersion = 0x4000;
  const std::uint64_t high = (random.Next() & ~0xf000ULL) | kVersion;
  const std::uint64_t low = (random.Next() & ~(3ULL << 62)) | (2ULL << 62);
  std::array<char, 32> digits;
  WriteHex(low, WriteHex(high, digits.data()));
  char* const text = arena.AllocateArray<char>(36);
  // 8-4-4-4-12 digits.
  const char* from = digits.data();
  char* out = text;
  for (const std::size_t group : {8u, 4u, 4u, 4u}) {
    out = CopyText(out, {from, group});
    *out++ = '-';
    from += group;
  }
  CopyText(out, {from, 12});
  return {text, 36};
}

ForwardedClient ApplyForwarding(Head& head, const ForwardingContext& context, Random& random, Arena& arena) {
  HeaderMap& headers = head.headers;
  ForwardedClient client;
  client.peer_trusted = context.trusted_hops > 0 || InTrusted(context.peer_address, context.trusted_cidrs);
  RemoveProtected(headers);

  const auto chain = headers.Joined(HeaderText(HeaderName::kXForwardedFor), HeaderName::kXForwardedFor, arena);
  client.address = client.peer_trusted ? TrustedClient(chain.value_or(""), context) : context.peer_address;
  // Appended to what came, believed or not: a backend that counts from the right reads it correctly.
  headers.Set(HeaderName::kXForwardedFor,
              chain && !chain->empty() ? arena.Concat(*chain, ",", context.peer_address) : context.peer_address);

  const auto proto = headers.Find(HeaderName::kXForwardedProto);
  const bool keep_proto = client.peer_trusted && proto && IsScheme(*proto);
  head.scheme = keep_proto ? *proto : context.scheme;
  headers.Set(HeaderName::kXForwardedProto, head.scheme);
  if (!client.peer_trusted) {
    headers.Remove(HeaderName::kXForwardedHost);
    headers.Remove(HeaderName::kXForwardedPort);
  }
  headers.AddBorrowed(kExternalAddress, client.address);

  const auto id = headers.Find(HeaderName::kXRequestId);
  const bool keep_id = client.peer_trusted && id && !id->empty() && id->size() <= kRequestIdMax;
  headers.Set(HeaderName::kXRequestId, keep_id ? *id : MakeUuid(random, arena));
  return client;
}

}  // namespace sluice::core
