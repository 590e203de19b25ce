// The pages below /sluice/v1/ that change what is in force; each makes one Change (contracts in history_pages.h). The
// control thread only.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "gateway/api/history_pages.h"

namespace sluice::gateway {

// `page` is the part of the path behind /sluice/v1/.
AdminAnswer AnswerChange(const HistoryContext& context, std::string_view page, const AdminRequest& request);

// What leads from the objects of one revision to those of another; kNotFound when there is no such revision.
core::Result<std::vector<ObjectChange>> ChangesBetween(const RevisionStore& store, std::uint64_t from,
                                                       std::uint64_t to);

}  // namespace sluice::gateway
