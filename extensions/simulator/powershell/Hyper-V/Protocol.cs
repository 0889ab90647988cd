// Copyright: (c) 2026, hyperv.integration contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

#nullable enable
using System;
using System.Buffers;
using System.Collections.Generic;
using System.Management.Automation;
using System.Text;
using System.Text.Json;

namespace Microsoft.HyperV.PowerShell.Simulation
{
    /// <summary>A change that awaits confirmation.</summary>
    /// <param name="Key">JSON that names it to the control server.</param>
    /// <param name="Name">What ShouldProcess shows.</param>
    /// <param name="Question">Asked by cmdlets that confirm beyond ShouldProcess unless -Force is given; null if not.</param>
    internal sealed record Target(string Key, string Name, string? Question);

    /// <summary>An error as the control server describes it.</summary>
    internal sealed class Failure
    {
        internal string Reason = "Unspecified";
        internal ErrorCategory Category = ErrorCategory.NotSpecified;
        internal string Exception = nameof(VirtualizationException);
        internal string Message = "";
        internal bool Terminating;

        /// <summary>A simple value, or the key of an object that was handed in.</summary>
        internal object? Target;
        internal string? TargetKey;

        // Error id and text unverified: would be verified by restarting the Virtual Machine Management service during a call.
        internal static Failure ConnectionLost => new() { Message = "The connection to the Hyper-V host was lost.", Terminating = true };

        internal VirtualizationException ToException() => VirtualizationException.Create(Exception, Message);
    }

    /// <summary>One answer of the control server.</summary>
    internal sealed class Reply
    {
        internal List<VirtualizationObject> Objects { get; private set; } = new();
        internal List<Target> Targets { get; private set; } = new();
        internal List<Failure> Failures { get; private set; } = new();
        internal List<string> Warnings { get; private set; } = new();

        internal static Reply Read(ReadOnlySpan<byte> line)
        {
            var reply = new Reply();
            var json = new Utf8JsonReader(line);
            Utf8JsonReader objects = default;
            string type = "";
            bool ok = false, lost = false;
            string? refusal = null;
            json.Read();
            Json.Expect(json, JsonTokenType.StartObject);
            while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
            {
                string property = json.GetString()!;
                json.Read();
                switch (property)
                {
                    case "ok": ok = json.GetBoolean(); break;
                    case "error": refusal = Json.Peek(json, "message"u8); json.Skip(); break;
                    case "fault": lost = json.GetString() != null; break;
                    case "type": type = json.GetString() ?? ""; break;
                    case "objects": objects = json; json.Skip(); break;
                    case "targets": reply.Targets = Json.List(ref json, ReadTarget); break;
                    case "errors": reply.Failures = Json.List(ref json, ReadFailure); break;
                    case "warnings": reply.Warnings = Json.List(ref json, (ref Utf8JsonReader item) => item.GetString()!); break;
                    default: json.Skip(); break;
                }
            }

            if (!ok)
            {
                throw new SimulatorException("The Hyper-V simulator refused a request: " + (refusal ?? "it gave no reason."));
            }

            if (objects.TokenType == JsonTokenType.StartArray)
            {
                reply.Objects = Json.List(ref objects, (ref Utf8JsonReader item) => Json.Object(type, ref item)!);
            }

            if (lost)
            {
                reply.Failures.Add(Failure.ConnectionLost);
            }

            return reply;
        }

        private static Target ReadTarget(ref Utf8JsonReader json)
        {
            string key = "null", name = "";
            string? question = null;
            while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
            {
                string property = json.GetString()!;
                json.Read();
                switch (property)
                {
                    case "key": key = Json.Raw(ref json); break;
                    case "name": name = json.GetString() ?? ""; break;
                    case "question": question = json.GetString(); break;
                    default: json.Skip(); break;
                }
            }

            return new Target(key, name, question);
        }

        private static Failure ReadFailure(ref Utf8JsonReader json)
        {
            var failure = new Failure();
            while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
            {
                string property = json.GetString()!;
                json.Read();
                switch (property)
                {
                    case "reason": failure.Reason = json.GetString()!; break;
                    case "category": failure.Category = Enum.Parse<ErrorCategory>(json.GetString()!); break;
                    case "exception": failure.Exception = json.GetString()!; break;
                    case "message": failure.Message = json.GetString()!; break;
                    case "terminating": failure.Terminating = json.GetBoolean(); break;
                    case "target" when json.TokenType == JsonTokenType.StartObject:
                        failure.TargetKey = Json.Peek(json, "VMId"u8) + "/" + Json.Peek(json, "Id"u8);
                        json.Skip();
                        break;
                    case "target": failure.Target = Json.Scalar(ref json); break;
                    default: json.Skip(); break;
                }
            }

            return failure;
        }
    }

    /// <summary>A request under construction.</summary>
    internal sealed class Request
    {
        private readonly ArrayBufferWriter<byte> _line = new(1024);

        internal Request(string operation)
        {
            Json = new Utf8JsonWriter(_line);
            Json.WriteStartObject();
            Json.WriteString("op", operation);
            Json.WriteString("host", ControlConnection.HostName);
        }

        internal Utf8JsonWriter Json { get; }

        /// <summary>The finished line.</summary>
        internal ReadOnlySpan<byte> Line()
        {
            Json.WriteEndObject();
            Json.Flush();
            _line.Write("\n"u8);
            return _line.WrittenSpan;
        }
    }

    /// <summary>Questions to the control server outside of cmdlets.</summary>
    public static class Control
    {
        /// <summary>The reply to an operation without arguments, as JSON text.</summary>
        public static string Ask(string operation) =>
            ControlConnection.Exchange(new Request(operation), static line => Encoding.UTF8.GetString(line));

        /// <summary>A property that is filled by a query of its own when it is first read.</summary>
        internal static List<T> Property<T>(string type, string property, Guid id) where T : VirtualizationObject
        {
            var request = new Request("property");
            request.Json.WriteString("type", type);
            request.Json.WriteString("property", property);
            request.Json.WriteString("id", id);
            request.Json.WriteString("invocation", Guid.NewGuid());
            Reply reply = ControlConnection.Exchange(request, Reply.Read);
            return reply.Failures.Count == 0
                ? reply.Objects.ConvertAll(item => (T)item)
                : throw reply.Failures[0].ToException();
        }
    }
}
