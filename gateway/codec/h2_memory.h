// Memory for nghttp2, which asks for a handful of small pieces per stream and gives them back with it: sizes up to
// kPieceMax are kept in free lists, so that a warm connection asks the heap for nothing.
// Each thread has lists of its own; what a thread frees joins that thread's lists. Any thread.
#pragma once

#include <nghttp2/nghttp2.h>

#include <cstddef>

namespace sluice::gateway {

inline constexpr std::size_t kPieceMax = 4096;              // bigger ones are new each time, from 16 KiB on in pages
inline constexpr std::size_t kPiecesKeptMax = 1024 * 1024;  // bytes in the lists of one thread

// For nghttp2_session_*_new3, which copies it.
nghttp2_mem H2Memory();

void* TakePiece(std::size_t size);  // null when the heap has none
void ReturnPiece(void* piece);      // null is allowed

}  // namespace sluice::gateway
