// Who owns which field of an object, and server-side apply, which is decided by it. Owners are field managers; a field
// belongs to whoever wrote its value. Works on canonical bodies; pure, any thread.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "config/resource_json.h"
#include "gateway/api/field_set.h"
#include "gateway/api/status.h"

namespace sluice::gateway {

// Who writes now, and how.
struct Writer {
  std::string manager;
  bool applies = false;     // by server-side apply; else by create, replace or patch
  std::string api_version;  // "networking.istio.io/v1"
  std::int64_t now_us = 0;
};

// metadata.managedFields. What it cannot read it drops.
class ManagedFields {
 public:
  static constexpr std::size_t kOwnersMax = 100;  // the oldest updaters are forgotten, as Kubernetes joins them

  static ManagedFields FromJson(const config::Json& list);
  config::Json ToJson() const;

  struct Owner {
    std::string manager;
    bool applies = false;
    std::string api_version;
    std::string time;
    FieldSet fields;
  };
  const std::vector<Owner>& owners() const { return owners_; }

  // An object whose fields nobody owns so far, because a file or an older writer made it: they are all `manager`'s.
  void Adopt(const config::Json& live, std::string_view manager, std::int64_t since_us);

  // A write that was no apply: the writer owns what he changed, nobody owns what is gone.
  void Update(const config::Json& before, const config::Json& after, const Writer& writer);

  // The body that comes of `writer` applying `wanted` to `live`, null when there is none yet; sets the owners. Fields
  // that he applied before and no longer mentions go, unless others own them. A conflict names manager and field, and
  // changes nothing; with `force` he takes the fields over.
  std::expected<config::Json, std::vector<StatusCause>> Apply(const config::Json* live, const config::Json& wanted,
                                                              const Writer& writer, bool force);

 private:
  Owner& OwnerOf(const Writer& writer);
  void SetFields(const Writer& writer, FieldSet fields);
  bool OwnedByOthers(const FieldPath& path, const Writer& writer) const;
  void Settle(const config::Json& body);

  std::vector<Owner> owners_;
};

}  // namespace sluice::gateway
