// file.hpp - files of the host: descriptors that close themselves, whole files, run directories.
#pragma once

#include <cstdio>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <base/types.hpp>

namespace vireo {

namespace fs = std::filesystem;

// Owns one file descriptor.
class Fd {
public:
    Fd() = default;
    explicit Fd(int raw) : raw_{raw} {}
    Fd(Fd&& other) noexcept : raw_{std::exchange(other.raw_, -1)} {}
    Fd& operator=(Fd other) noexcept
    {
        std::swap(raw_, other.raw_);
        return *this;
    }
    ~Fd() { close(); }

    int raw() const { return raw_; }
    bool open() const { return raw_ >= 0; }
    void close();

private:
    int raw_ = -1;
};

// Both fail as Exit::environment and say what the system said.
std::string read_text(const fs::path& path);
std::vector<u8> read_bytes(const fs::path& path);

// Written beside it and renamed, so that nobody ever sees half a file.
void write_file(const fs::path& path, std::span<const u8> bytes);
void write_file(const fs::path& path, std::string_view text);

// What was printed is on its way to the reader, or it is a std::system_error that says why not.
void flush(std::FILE* to);

// A file that reads as zeroes and takes no space yet.
void make_sparse(const fs::path& path, u64 bytes);

// A fresh directory of one run. It goes when the run does, unless somebody wants to look at it.
class RunDirectory {
public:
    RunDirectory(const fs::path& parent, const std::string& name);
    // One for all that have this name, kept: each time what was in it is replaced.
    static RunDirectory lasting(const fs::path& parent, const std::string& name);
    RunDirectory(RunDirectory&& other) noexcept
        : path_{std::exchange(other.path_, {})},
          socket_path_{std::exchange(other.socket_path_, {})},
          kept_{other.kept_}
    {
    }
    RunDirectory& operator=(RunDirectory&&) = delete;
    ~RunDirectory();

    const fs::path& path() const { return path_; }
    // A place for Unix sockets, whose names the system limits to 107 bytes.
    const fs::path& sockets() const { return socket_path_; }
    void keep() { kept_ = true; }

private:
    RunDirectory() = default;

    fs::path path_;
    fs::path socket_path_;
    bool kept_ = false;
};

}  // namespace vireo
