// D width of an embedding.
#include "io/embedding_cache.h"
#include "core/fail.h"

#if ILK_WITH_SQLITE
#include <sys/stat.h>
#include "io/file_lock.h"

#include <algorithm>
#include <bit>
#include <chrono>
#include <cstring>
#include <mutex>
#include <thread>
#include <unordered_map>

#include "io/embedding_database.h"
#endif

namespace ilk {

#if ILK_WITH_SQLITE
namespace {

using namespace std::chrono_literals;
using embedding_database::checksum_of;
using embedding_database::Connection;
using embedding_database::Damage;
using embedding_database::Transaction;

[[maybe_unused]] void reverse_each_number(std::string& bytes) {
  for (std::size_t i = 0; i < bytes.size(); i += 4) std::reverse(bytes.begin() + i, bytes.begin() + i + 4);
}

/// float32, little-endian, whatever the machine.
std::string bytes_of(const std::vector<float>& embedding) {
  std::string bytes(embedding.size() * 4, '\0');
  std::memcpy(bytes.data(), embedding.data(), bytes.size());
  if constexpr (std::endian::native == std::endian::big) reverse_each_number(bytes);
  return bytes;
}

std::vector<float> embedding_of(std::string bytes) {
  if constexpr (std::endian::native == std::endian::big) reverse_each_number(bytes);
  std::vector<float> embedding(bytes.size() / 4);
  std::memcpy(embedding.data(), bytes.data(), bytes.size());
  return embedding;
}

/// All by which a change of a file is noticed. The change time is what a copy that keeps the modification
/// time cannot keep.
struct FileStamp {
  std::string path;  // canonical
  std::string text;
  std::int64_t modified_ns = 0;
};

std::optional<FileStamp> stamp_of(const std::string& path) {
  std::error_code error;
  FileStamp stamp{.path = std::filesystem::canonical(path, error).string()};
  struct stat status {};
  if (error || ::stat(stamp.path.c_str(), &status) != 0) return std::nullopt;
  const auto nanoseconds = [](const timespec& time) {
    return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
  };
  stamp.modified_ns = nanoseconds(status.st_mtim);
  for (const std::int64_t part : {std::int64_t{status.st_size}, stamp.modified_ns,
                                  nanoseconds(status.st_ctim), static_cast<std::int64_t>(status.st_ino)})
    stamp.text += std::to_string(part) + " ";
  return stamp;
}

std::uint64_t inode_of(const std::filesystem::path& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 ? status.st_ino : 0;
}

bool lock_within(FileLock& lock, FileLock::Kind kind, std::chrono::milliseconds patience) {
  const auto end = std::chrono::steady_clock::now() + patience;
  while (!lock.try_lock(kind)) {
    if (std::chrono::steady_clock::now() >= end) return false;
    std::this_thread::sleep_for(20ms);
  }
  return true;
}

}  // namespace

struct EmbeddingCache::State {
  struct Note {
    std::string stamp, content;
  };
  static constexpr std::size_t notes_held = 256;

  std::filesystem::path path;
  mutable std::mutex mutex;
  std::string notice;
  // Held shared while the file is in use and alone while it is set aside: SQLite finds its journal by name,
  // so that a file renamed under another process would damage the one begun anew.
  std::optional<FileLock> lock;
  std::unique_ptr<Connection> connection;  // null: nothing is kept
  std::uint64_t inode = 0;
  bool writable = true;
  std::unordered_map<std::string, Note> notes;  // by path, not yet written
  std::unordered_map<std::size_t, std::size_t>
      awaited;  // digests of path and stamp as known_content saw them

  void say(const std::string& sentence) {
    if (notice.find(sentence) == std::string::npos) notice += (notice.empty() ? "" : " ") + sentence;
  }
  void keep_nothing(const std::string& reason) {
    connection.reset();
    lock.reset();
    say("The embedding cache " + path.string() + " cannot be used (" + reason +
        "): nothing is kept in this run.");
  }

  /// Throws Damage or Fault.
  void connect() {
    inode = inode_of(path);
    connection = std::make_unique<Connection>(path.string());
    inode = inode_of(path);
  }

  void open() {
    try {
      lock.emplace(path.string() + ".lock");
      if (!lock_within(*lock, FileLock::Kind::shared, 20s))
        return keep_nothing("another process is repairing it");
      attempt([] {}, true);
    } catch (const std::exception& error) {
      keep_nothing(text_of(error));
    }
  }

  /// Does `work` on the connection, which is made first where `connecting`. Damage sets the file aside and
  /// does it again with a new one; any other fault is noted, and the run goes on without the cache's help.
  /// True where it was done.
  template <class Work>
  bool attempt(Work&& work, bool connecting = false) {
    if (!connection && !connecting) return false;
    for (int repairs = 0;; ++repairs) {
      std::string reason;
      try {
        if (!connection) connect();
        work();
        return true;
      } catch (const Damage& damage) {
        reason = damage.what();
      } catch (const sqlite::Fault& fault) {
        if (!fault.damage()) {
          cope(fault);
          return false;
        }
        reason = fault.what();
      }
      if (repairs > 0 || !set_aside(reason)) {
        if (connection || lock) keep_nothing(reason);
        return false;
      }
    }
  }

  void cope(const sqlite::Fault& fault) {
    if (!connection) return keep_nothing(fault.what());
    if (fault.code() == SQLITE_BUSY || fault.code() == SQLITE_LOCKED)
      return say("The embedding cache " + path.string() +
                 " was in use by others for too long; some embeddings were not kept.");
    writable = false;
    say("The embedding cache " + path.string() + " cannot be written (" + fault.what() +
        "): nothing more is kept in this run.");
  }

  /// On true the lock is held: alone, or shared where another process has put a new file in the place of the
  /// damaged one.
  bool lock_alone_or_find_repaired() {
    const auto end = std::chrono::steady_clock::now() + 3s;
    do {
      if (lock->try_lock(FileLock::Kind::exclusive)) return true;
      const std::uint64_t now = inode_of(path);
      if (now != 0 && now != inode && lock->try_lock(FileLock::Kind::shared)) return true;
      std::this_thread::sleep_for(20ms);
    } while (std::chrono::steady_clock::now() < end);
    return false;
  }

  /// Renames the damaged file, unless another process has already done so. False where others use it.
  bool set_aside(const std::string& reason) {
    connection.reset();
    try {
      if (!lock_alone_or_find_repaired()) {
        keep_nothing("it is damaged, " + reason + ", and in use by another process");
        return false;
      }
      if (inode_of(path) == inode) {
        std::filesystem::path aside = path.string() + ".damaged";
        for (int number = 2; std::filesystem::exists(aside); ++number)
          aside = path.string() + ".damaged-" + std::to_string(number);
        for (const char* ending : {"-journal", "-wal", "-shm"})
          if (std::filesystem::exists(path.string() + ending))
            std::filesystem::rename(path.string() + ending, aside.string() + ending);
        std::filesystem::rename(path, aside);
        say("The embedding cache " + path.string() + " was damaged (" + reason + "); it was set aside as " +
            aside.string() + " and begun anew.");
      }
      connect();
      if (lock_within(*lock, FileLock::Kind::shared, 20s)) return true;
      keep_nothing("another process is repairing it");
    } catch (const std::exception& error) {
      keep_nothing(text_of(error));
    }
    return false;
  }

  /// The bytes of `width` units of `unit` bytes each.
  std::optional<std::string> find(const std::string& content_sha256, const std::string& kind,
                                  std::size_t unit) {
    const std::lock_guard guard(mutex);
    std::optional<std::string> found;
    attempt([&] {
      const auto id = connection->encoder_id(kind);
      if (!id) return;
      connection->encoders.emplace(kind, *id);
      sqlite::Use use(connection->find);
      use->bind(1, *id).bind(2, content_sha256);
      if (!use->step()) return;
      const std::string_view bytes = use->bytes(2);
      if (use->integer(0) < 1 || bytes.size() != static_cast<std::size_t>(use->integer(0)) * unit)
        throw Damage("an embedding has the wrong size");
      if (checksum_of(bytes) != use->integer(1)) throw Damage("an embedding does not match its checksum");
      found = std::string(bytes);
    });
    return found;
  }

  void store(const std::vector<BytesEntry>& entries, const std::string& kind, std::size_t unit) {
    if (entries.empty()) return;
    const std::lock_guard guard(mutex);
    if (!connection || !writable) return;
    const bool stored = attempt([&] {
      Transaction transaction(connection->database);
      {
        sqlite::Use use(connection->add_encoder);
        use->bind(1, kind);
        use->step();
      }
      const std::int64_t id = connection->encoder_id(kind).value();
      for (const BytesEntry& entry : entries) {
        sqlite::Use use(connection->add);
        use->bind(1, id)
            .bind(2, entry.content_sha256)
            .bind(3, static_cast<std::int64_t>(entry.bytes.size() / unit))
            .bind(4, checksum_of(entry.bytes));
        use->bind_blob(5, entry.bytes);
        use->step();
      }
      write_notes();
      transaction.commit();
      connection->encoders.emplace(kind, id);
    });
    if (stored) notes.clear();
  }

  void write_notes() {
    for (const auto& [file, note] : notes) {
      sqlite::Use use(connection->add_file);
      use->bind(1, file).bind(2, note.stamp).bind(3, note.content);
      use->step();
    }
  }

  void flush() {
    if (notes.empty() || !writable) return;
    attempt([&] {
      Transaction transaction(connection->database);
      write_notes();
      transaction.commit();
    });
    notes.clear();
  }
};

EmbeddingCache::EmbeddingCache(const std::filesystem::path& path) : state_(std::make_unique<State>()) {
  if (path.empty()) return;
  state_->path = std::filesystem::absolute(path);
  state_->open();
}

EmbeddingCache::~EmbeddingCache() {
  try {
    state_->flush();
  } catch (const std::exception&) {
    // Notes spare a reading; losing them is no fault.
  }
}

std::optional<std::vector<float>> EmbeddingCache::find(const std::string& content_sha256,
                                                       const std::string& encoder) {
  auto found = state_->find(content_sha256, encoder, sizeof(float));
  return found ? std::optional(embedding_of(std::move(*found))) : std::nullopt;
}

void EmbeddingCache::store(const std::vector<Entry>& entries, const std::string& encoder) {
  std::vector<BytesEntry> stored;
  for (const Entry& entry : entries) {
    require(!entry.embedding.empty(), "EmbeddingCache::store",
            "an embedding must be a float32 vector of at least one number, got none.");
    stored.push_back({entry.content_sha256, bytes_of(entry.embedding)});
  }
  state_->store(stored, encoder, sizeof(float));
}

std::optional<std::string> EmbeddingCache::find_bytes(const std::string& content_sha256,
                                                      const std::string& kind) {
  return state_->find(content_sha256, kind, 1);
}

void EmbeddingCache::store_bytes(const std::vector<BytesEntry>& entries, const std::string& kind) {
  for (const BytesEntry& entry : entries)
    require(!entry.bytes.empty(), "EmbeddingCache::store_bytes",
            "there must be at least one byte, got none.");
  state_->store(entries, kind, 1);
}

std::optional<std::string> EmbeddingCache::known_content(const std::string& path) {
  const std::lock_guard guard(state_->mutex);
  if (!state_->connection) return std::nullopt;
  const auto stamp = stamp_of(path);
  if (!stamp) return std::nullopt;
  std::optional<std::string> content;
  if (const auto note = state_->notes.find(stamp->path); note != state_->notes.end()) {
    if (note->second.stamp == stamp->text) content = note->second.content;
  } else {
    state_->attempt([&] {
      sqlite::Use use(state_->connection->find_file);
      use->bind(1, stamp->path);
      if (use->step() && use->bytes(0) == stamp->text) content = std::string(use->bytes(1));
    });
  }
  if (!content)
    state_->awaited[std::hash<std::string>{}(stamp->path)] = std::hash<std::string>{}(stamp->text);
  return content;
}

void EmbeddingCache::note_content(const std::string& path, const std::string& content_sha256) {
  const std::lock_guard guard(state_->mutex);
  if (!state_->connection || !state_->writable) return;
  const auto stamp = stamp_of(path);
  if (!stamp) return;
  const auto before = state_->awaited.extract(std::hash<std::string>{}(stamp->path));
  if (!before.empty() && before.mapped() != std::hash<std::string>{}(stamp->text)) return;
  const std::int64_t now = std::chrono::duration_cast<std::chrono::nanoseconds>(
                               std::chrono::system_clock::now().time_since_epoch())
                               .count();
  // A file system's clock may tick as seldom as every two seconds: a file changed that recently can change
  // again without its time changing.
  if (now - stamp->modified_ns < 2'000'000'000) return;
  state_->notes[stamp->path] = {stamp->text, content_sha256};
  if (state_->notes.size() >= State::notes_held) state_->flush();
}

std::string EmbeddingCache::notice() const {
  const std::lock_guard guard(state_->mutex);
  return state_->notice;
}

#else

struct EmbeddingCache::State {
  std::string notice;
};

EmbeddingCache::EmbeddingCache(const std::filesystem::path& path) : state_(std::make_unique<State>()) {
  if (!path.empty()) state_->notice = "This ilk was built without SQLite: no embedding is kept.";
}
EmbeddingCache::~EmbeddingCache() = default;
std::optional<std::vector<float>> EmbeddingCache::find(const std::string&, const std::string&) {
  return std::nullopt;
}
void EmbeddingCache::store(const std::vector<Entry>&, const std::string&) {}
std::optional<std::string> EmbeddingCache::find_bytes(const std::string&, const std::string&) {
  return std::nullopt;
}
void EmbeddingCache::store_bytes(const std::vector<BytesEntry>&, const std::string&) {}
std::optional<std::string> EmbeddingCache::known_content(const std::string&) {
  return std::nullopt;
}
void EmbeddingCache::note_content(const std::string&, const std::string&) {}
std::string EmbeddingCache::notice() const {
  return state_->notice;
}

#endif

}  // namespace ilk
