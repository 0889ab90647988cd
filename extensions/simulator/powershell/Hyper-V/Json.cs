// Copyright: (c) 2026, hyperv.integration contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

#nullable enable
using System;
using System.Collections.Generic;
using System.Management.Automation;
using System.Text.Json;

namespace Microsoft.HyperV.PowerShell.Simulation
{
    internal delegate T ReadValue<T>(ref Utf8JsonReader json);

    /// <summary>Reads parts of a reply. Every method starts on the first token of a value and ends on its last.</summary>
    internal static class Json
    {
        internal static List<T> List<T>(ref Utf8JsonReader json, ReadValue<T> read)
        {
            var list = new List<T>();
            if (json.TokenType != JsonTokenType.Null)
            {
                Expect(json, JsonTokenType.StartArray);
                while (json.Read() && json.TokenType != JsonTokenType.EndArray)
                {
                    list.Add(read(ref json));
                }
            }

            return list;
        }

        /// <summary>An object of a type of the module; null for a JSON null.</summary>
        internal static VirtualizationObject? Object(string type, ref Utf8JsonReader json)
        {
            if (json.TokenType == JsonTokenType.Null)
            {
                return null;
            }

            Expect(json, JsonTokenType.StartObject);
            VirtualizationObject result = Factory.Create(type, ref json);
            while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
            {
                string property = json.GetString()!;
                json.Read();
                if (!result.Assign(property, ref json))
                {
                    // A property of newer modules than the one that the facts describe.
                    PSObject.AsPSObject(result).Properties.Add(new PSNoteProperty(property, Scalar(ref json)));
                }
            }

            return result;
        }

        internal static object? Scalar(ref Utf8JsonReader json) => json.TokenType switch
        {
            JsonTokenType.Null => null,
            JsonTokenType.True => true,
            JsonTokenType.False => false,
            JsonTokenType.String => json.GetString(),
            JsonTokenType.Number => json.TryGetInt32(out int number) ? number : json.GetDouble(),
            _ => Raw(ref json),
        };

        /// <summary>The text of a value as it stands.</summary>
        internal static string Raw(ref Utf8JsonReader json)
        {
            using JsonDocument document = JsonDocument.ParseValue(ref json);
            return document.RootElement.GetRawText();
        }

        /// <summary>The text property of the object ahead, without moving on.</summary>
        internal static string? Peek(Utf8JsonReader json, ReadOnlySpan<byte> property)
        {
            while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
            {
                bool found = json.ValueTextEquals(property);
                json.Read();
                if (found)
                {
                    return json.GetString();
                }

                json.Skip();
            }

            return null;
        }

        internal static void Expect(in Utf8JsonReader json, JsonTokenType type)
        {
            if (json.TokenType != type)
            {
                throw new JsonException($"The control server sent {json.TokenType} where {type} belongs, at byte {json.TokenStartIndex}.");
            }
        }
    }
}
