// The texts in which the history keeps objects and entries, and the hash that chains entries. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "gateway/store/revision_store.h"

namespace sluice::gateway {

// All of an object but its key and place.
std::string EncodeObject(const LiveObject& object);
core::Result<LiveObject> DecodeObject(const config::ResourceKey& key, const std::string& text);

std::string EncodeLines(const std::vector<std::string>& lines);
std::vector<std::string> DecodeLines(const std::string& text);
// [{"severity","code","message","cure","file","line","column"}], as the pages tell them, too.
config::Json FindingsJson(const std::vector<config::Finding>& findings);
std::string EncodeFindings(const std::vector<config::Finding>& findings);
std::vector<config::Finding> DecodeFindings(const std::string& text);

// An object of an entry as it is written: its text, empty when the entry deletes it; and what orders objects by when they
// were made.
struct EncodedChange {
  config::ResourceKey key;
  std::string text;
  std::int64_t born = 0;
};

// The fields of an entry as the database keeps them, which is what the hash is made over.
struct EncodedEntry {
  std::uint64_t sequence = 0;
  std::uint64_t number = 0;
  bool accepted = true;
  std::int64_t time_us = 0;
  std::string author;
  std::string source;
  std::string message;
  std::string summary;
  std::string findings;  // DigestOf their text, which many entries share; empty without any
  std::string files;     // HashOf the file base that the entry has read; empty: as it was
  std::vector<EncodedChange> changes;
};

std::string DigestOf(std::string_view text);
std::string HashOf(const FileBase& files);

// SHA-256 in hex over the hash before and the entry; lengths are part of it, so that no two entries read alike.
std::string ChainHash(std::string_view previous, const EncodedEntry& entry);

}  // namespace sluice::gateway
