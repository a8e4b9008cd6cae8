// file.cpp - files of the host.
#include "file.hpp"

#include "failure.hpp"
#include "text.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>

#include <fmt/format.h>
#include <sys/stat.h>

#include <fcntl.h>
#include <unistd.h>

namespace vireo {
namespace {

constexpr usize longest_socket_name = 107;
constexpr usize longest_socket_file = 16;  // "/" and the name of a socket in its directory

std::string fix_of(int error, const fs::path& path)
{
    if (error == ENOSPC)
        return "make room on that disk";
    if (error == EACCES || error == EPERM)
        return fmt::format("ls -ld {} says whose it is", shell_quote(path.string()));
    return "";
}

[[noreturn]] void fail_with_errno(const std::string& doing, const fs::path& path)
{
    const int error = errno;
    throw Failure{Exit::environment, "cannot " + doing + " " + path.string(), std::strerror(error),
                  fix_of(error, path)};
}

void write_all(const Fd& file, std::span<const u8> bytes, const fs::path& path)
{
    while (!bytes.empty()) {
        const auto written = ::write(file.raw(), bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            fail_with_errno("write", path);
        bytes = bytes.subspan(static_cast<usize>(written));
    }
}

bool too_long_for_sockets(const fs::path& directory)
{
    return directory.string().size() + longest_socket_file > longest_socket_name;
}

fs::path fresh_directory(const fs::path& parent, const std::string& name)
{
    std::error_code ignored;
    fs::create_directories(parent, ignored);
    std::string pattern = (parent / (name + "-XXXXXX")).string();
    if (::mkdtemp(pattern.data()) == nullptr)
        fail_with_errno("make a directory in", parent);
    return pattern;
}

}  // namespace

void Fd::close()
{
    if (raw_ >= 0)
        ::close(std::exchange(raw_, -1));
}

std::vector<u8> read_bytes(const fs::path& path)
{
    const Fd file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
    if (!file.open())
        fail_with_errno("read", path);
    std::vector<u8> out;
    std::array<u8, 65536> part{};
    for (;;) {
        const auto got = ::read(file.raw(), part.data(), part.size());
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            fail_with_errno("read", path);
        if (got == 0)
            return out;
        out.insert(out.end(), part.begin(), part.begin() + got);
    }
}

std::string read_text(const fs::path& path)
{
    const auto bytes = read_bytes(path);
    return {bytes.begin(), bytes.end()};
}

void write_file(const fs::path& path, std::span<const u8> bytes)
{
    const fs::path unfinished = path.string() + ".tmp";
    Fd file{::open(unfinished.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644)};
    if (!file.open())
        fail_with_errno("write", unfinished);
    write_all(file, bytes, unfinished);
    file.close();
    if (::rename(unfinished.c_str(), path.c_str()) != 0)
        fail_with_errno("write", path);
}

void write_file(const fs::path& path, std::string_view text)
{
    const std::vector<u8> bytes{text.begin(), text.end()};
    write_file(path, std::span{bytes});
}

void make_sparse(const fs::path& path, u64 bytes)
{
    const fs::path unfinished = path.string() + ".tmp";
    Fd file{::open(unfinished.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644)};
    if (!file.open() || ::ftruncate(file.raw(), static_cast<off_t>(bytes)) != 0)
        fail_with_errno("make", unfinished);
    file.close();
    if (::rename(unfinished.c_str(), path.c_str()) != 0)
        fail_with_errno("make", path);
}

void flush(std::FILE* to)
{
    if (std::fflush(to) != 0)
        throw std::system_error{errno, std::generic_category(), "cannot print"};
}

RunDirectory::RunDirectory(const fs::path& parent, const std::string& name)
    : path_{fresh_directory(parent, name)}, socket_path_{path_}
{
    if (too_long_for_sockets(path_))
        socket_path_ = fresh_directory(fs::temp_directory_path(), "vireo");
}

RunDirectory RunDirectory::lasting(const fs::path& parent, const std::string& name)
{
    RunDirectory directory;
    directory.path_ = directory.socket_path_ = parent / name;
    directory.kept_ = true;
    std::error_code ignored;
    fs::create_directories(directory.path_, ignored);
    if (!too_long_for_sockets(directory.path_))
        return directory;
    const auto note = directory.path_ / "sockets";
    directory.socket_path_ = fs::exists(note) ? fs::path{read_text(note)} : fs::path{};
    if (!fs::is_directory(directory.socket_path_)) {
        directory.socket_path_ = fresh_directory(fs::temp_directory_path(), "vireo");
        write_file(note, directory.socket_path_.string());
    }
    return directory;
}

RunDirectory::~RunDirectory()
{
    std::error_code ignored;
    if (!kept_ && !path_.empty())
        fs::remove_all(path_, ignored);
    if (!kept_ && !socket_path_.empty() && socket_path_ != path_)
        fs::remove_all(socket_path_, ignored);
}

}  // namespace vireo
