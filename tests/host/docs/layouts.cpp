// tests/host/docs/layouts.cpp - offsets and sizes of abi's structures, asked of the compiler.
#include "page.hpp"

#include <cstddef>
#include <span>

#include <abi/boot.hpp>

namespace docs {

namespace {

struct Row {
    const char* name;
    usize offset;
    usize bytes;
};

std::string table(const char* title, usize bytes, std::initializer_list<Row> rows)
{
    std::string text = "**`" + std::string{title} + "`**, " + std::to_string(bytes)
                       + " bytes\n\n| offset | size | field |\n|---|---|---|\n";
    for (const Row& row : rows)
        text += "| " + std::to_string(row.offset) + " | " + std::to_string(row.bytes) + " | `"
                + row.name + "` |\n";
    return text + "\n";
}

std::string message_tables()
{
    using abi::DmaRun;
    using abi::MessagePage;
    using abi::ProcessQuota;
    return table("MessagePage", sizeof(MessagePage),
                 {{"payload", offsetof(MessagePage, payload), sizeof(MessagePage::payload)},
                  {"handles", offsetof(MessagePage, handles), sizeof(MessagePage::handles)},
                  {"scratch", offsetof(MessagePage, scratch), sizeof(MessagePage::scratch)}})
           + table("ProcessQuota", sizeof(ProcessQuota),
                   {{"frames", offsetof(ProcessQuota, frames), sizeof(ProcessQuota::frames)},
                    {"handles", offsetof(ProcessQuota, handles), sizeof(ProcessQuota::handles)},
                    {"threads", offsetof(ProcessQuota, threads), sizeof(ProcessQuota::threads)},
                    {"max_priority", offsetof(ProcessQuota, max_priority),
                     sizeof(ProcessQuota::max_priority)},
                    {"name", offsetof(ProcessQuota, name), sizeof(ProcessQuota::name)},
                    {"epoch", offsetof(ProcessQuota, epoch), sizeof(ProcessQuota::epoch)},
                    {"cpu", offsetof(ProcessQuota, cpu), sizeof(ProcessQuota::cpu)}})
           + table("DmaRun", sizeof(DmaRun),
                   {{"address", offsetof(DmaRun, address), sizeof(DmaRun::address)},
                    {"length", offsetof(DmaRun, length), sizeof(DmaRun::length)}});
}

std::string process_tables()
{
    using abi::ExitRecord;
    using abi::ProcessInfo;
    return table("ProcessInfo", sizeof(ProcessInfo),
                 {{"state", offsetof(ProcessInfo, state), sizeof(ProcessInfo::state)},
                  {"frames_used", offsetof(ProcessInfo, frames_used),
                   sizeof(ProcessInfo::frames_used)},
                  {"frames_limit", offsetof(ProcessInfo, frames_limit),
                   sizeof(ProcessInfo::frames_limit)},
                  {"handles_used", offsetof(ProcessInfo, handles_used),
                   sizeof(ProcessInfo::handles_used)},
                  {"handles_limit", offsetof(ProcessInfo, handles_limit),
                   sizeof(ProcessInfo::handles_limit)},
                  {"threads_used", offsetof(ProcessInfo, threads_used),
                   sizeof(ProcessInfo::threads_used)},
                  {"threads_limit", offsetof(ProcessInfo, threads_limit),
                   sizeof(ProcessInfo::threads_limit)},
                  {"cpu", offsetof(ProcessInfo, cpu), sizeof(ProcessInfo::cpu)},
                  {"exit", offsetof(ProcessInfo, exit), sizeof(ProcessInfo::exit)}})
           + table("ExitRecord", sizeof(ExitRecord),
                   {{"cause", offsetof(ExitRecord, cause), sizeof(ExitRecord::cause)},
                    {"thread", offsetof(ExitRecord, thread), sizeof(ExitRecord::thread)},
                    {"code", offsetof(ExitRecord, code), sizeof(ExitRecord::code)},
                    {"esr", offsetof(ExitRecord, esr), sizeof(ExitRecord::esr)},
                    {"far", offsetof(ExitRecord, far), sizeof(ExitRecord::far)},
                    {"pc", offsetof(ExitRecord, pc), sizeof(ExitRecord::pc)},
                    {"spsr", offsetof(ExitRecord, spsr), sizeof(ExitRecord::spsr)},
                    {"sp", offsetof(ExitRecord, sp), sizeof(ExitRecord::sp)},
                    {"x", offsetof(ExitRecord, x), sizeof(ExitRecord::x)},
                    {"chain", offsetof(ExitRecord, chain), sizeof(ExitRecord::chain)}});
}

std::string system_table()
{
    using abi::SystemInfo;
    return table(
        "SystemInfo", sizeof(SystemInfo),
        {{"frames_total", offsetof(SystemInfo, frames_total), sizeof(SystemInfo::frames_total)},
         {"frames_free", offsetof(SystemInfo, frames_free), sizeof(SystemInfo::frames_free)},
         {"kernel_bytes", offsetof(SystemInfo, kernel_bytes), sizeof(SystemInfo::kernel_bytes)},
         {"exceptions", offsetof(SystemInfo, exceptions), sizeof(SystemInfo::exceptions)},
         {"switches", offsetof(SystemInfo, switches), sizeof(SystemInfo::switches)},
         {"irqs", offsetof(SystemInfo, irqs), sizeof(SystemInfo::irqs)},
         {"timer_writes", offsetof(SystemInfo, timer_writes), sizeof(SystemInfo::timer_writes)},
         {"cpus", offsetof(SystemInfo, cpus), sizeof(SystemInfo::cpus)},
         {"cpus_present", offsetof(SystemInfo, cpus_present), sizeof(SystemInfo::cpus_present)},
         {"processes", offsetof(SystemInfo, processes), sizeof(SystemInfo::processes)},
         {"threads", offsetof(SystemInfo, threads), sizeof(SystemInfo::threads)},
         {"endpoints", offsetof(SystemInfo, endpoints), sizeof(SystemInfo::endpoints)},
         {"badges", offsetof(SystemInfo, badges), sizeof(SystemInfo::badges)},
         {"notifications", offsetof(SystemInfo, notifications), sizeof(SystemInfo::notifications)},
         {"memories", offsetof(SystemInfo, memories), sizeof(SystemInfo::memories)},
         {"mappings", offsetof(SystemInfo, mappings), sizeof(SystemInfo::mappings)},
         {"pins", offsetof(SystemInfo, pins), sizeof(SystemInfo::pins)},
         {"pinned_pages", offsetof(SystemInfo, pinned_pages), sizeof(SystemInfo::pinned_pages)},
         {"handles", offsetof(SystemInfo, handles), sizeof(SystemInfo::handles)},
         {"boot_instructions", offsetof(SystemInfo, boot_instructions),
          sizeof(SystemInfo::boot_instructions)}});
}

std::string archive_tables()
{
    using abi::ArchiveHeader;
    using abi::Image;
    using abi::Segment;
    return table("ArchiveHeader", sizeof(ArchiveHeader),
                 {{"magic", offsetof(ArchiveHeader, magic), sizeof(ArchiveHeader::magic)},
                  {"version", offsetof(ArchiveHeader, version), sizeof(ArchiveHeader::version)},
                  {"flags", offsetof(ArchiveHeader, flags), sizeof(ArchiveHeader::flags)},
                  {"size", offsetof(ArchiveHeader, size), sizeof(ArchiveHeader::size)},
                  {"image_count", offsetof(ArchiveHeader, image_count),
                   sizeof(ArchiveHeader::image_count)},
                  {"image_offset", offsetof(ArchiveHeader, image_offset),
                   sizeof(ArchiveHeader::image_offset)},
                  {"table_offset", offsetof(ArchiveHeader, table_offset),
                   sizeof(ArchiveHeader::table_offset)},
                  {"table_bytes", offsetof(ArchiveHeader, table_bytes),
                   sizeof(ArchiveHeader::table_bytes)}})
           + table("Image", sizeof(Image),
                   {{"name", offsetof(Image, name), sizeof(Image::name)},
                    {"entry", offsetof(Image, entry), sizeof(Image::entry)},
                    {"segment_count", offsetof(Image, segment_count), sizeof(Image::segment_count)},
                    {"reserved", offsetof(Image, reserved), sizeof(Image::reserved)},
                    {"segments", offsetof(Image, segments), sizeof(Image::segments)}})
           + table(
               "Segment", sizeof(Segment),
               {{"address", offsetof(Segment, address), sizeof(Segment::address)},
                {"offset", offsetof(Segment, offset), sizeof(Segment::offset)},
                {"file_bytes", offsetof(Segment, file_bytes), sizeof(Segment::file_bytes)},
                {"memory_bytes", offsetof(Segment, memory_bytes), sizeof(Segment::memory_bytes)},
                {"rights", offsetof(Segment, rights), sizeof(Segment::rights)},
                {"reserved", offsetof(Segment, reserved), sizeof(Segment::reserved)}});
}

std::string start_tables()
{
    using abi::BootInfo;
    using abi::Grant;
    using abi::Startup;
    return table(
               "BootInfo", sizeof(BootInfo),
               {{"magic", offsetof(BootInfo, magic), sizeof(BootInfo::magic)},
                {"self", offsetof(BootInfo, self), sizeof(BootInfo::self)},
                {"archive", offsetof(BootInfo, archive), sizeof(BootInfo::archive)},
                {"archive_bytes", offsetof(BootInfo, archive_bytes),
                 sizeof(BootInfo::archive_bytes)},
                {"device_count", offsetof(BootInfo, device_count), sizeof(BootInfo::device_count)},
                {"reserved", offsetof(BootInfo, reserved), sizeof(BootInfo::reserved)},
                {"devices", offsetof(BootInfo, devices), sizeof(BootInfo::devices)},
                {"serial", offsetof(BootInfo, serial), sizeof(BootInfo::serial)}})
           + table("Startup", sizeof(Startup),
                   {{"magic", offsetof(Startup, magic), sizeof(Startup::magic)},
                    {"name", offsetof(Startup, name), sizeof(Startup::name)},
                    {"epoch", offsetof(Startup, epoch), sizeof(Startup::epoch)},
                    {"grant_count", offsetof(Startup, grant_count), sizeof(Startup::grant_count)},
                    {"grants", offsetof(Startup, grants), sizeof(Startup::grants)},
                    {"progress", offsetof(Startup, progress), sizeof(Startup::progress)},
                    {"argument_bytes", offsetof(Startup, argument_bytes),
                     sizeof(Startup::argument_bytes)},
                    {"argument_count", offsetof(Startup, argument_count),
                     sizeof(Startup::argument_count)},
                    {"arguments", offsetof(Startup, arguments), sizeof(Startup::arguments)}})
           + table("Grant", sizeof(Grant),
                   {{"name", offsetof(Grant, name), sizeof(Grant::name)},
                    {"slot", offsetof(Grant, slot), sizeof(Grant::slot)},
                    {"kind", offsetof(Grant, kind), sizeof(Grant::kind)},
                    {"index", offsetof(Grant, index), sizeof(Grant::index)}});
}

}  // namespace

std::string layouts()
{
    return "\n" + message_tables() + process_tables() + system_table() + archive_tables()
           + start_tables();
}

}  // namespace docs
