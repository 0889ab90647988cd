// Copyright: (c) 2026, hyperv.integration contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

#nullable enable
using System;
using System.Collections.Generic;
using System.Linq;
using System.Text.Json;
using Microsoft.HyperV.PowerShell.Simulation;

namespace Microsoft.HyperV.PowerShell
{
    public partial class VirtualizationObject
    {
        /// <summary>What names this object in a request: "VMId/Id" of components and checkpoints, "/Id" of virtual machines.</summary>
        internal virtual string Key => "";

        /// <summary>Write the JSON object that names this object in a request.</summary>
        internal virtual void WriteKey(Utf8JsonWriter json)
        {
            json.WriteStartObject();
            json.WriteEndObject();
        }
    }

    public partial class VirtualMachineBase
    {
        private List<VMIntegrationComponent>? _integrationServices;

        /// <summary>The components. One query per object, when first read: unverified, would be verified by tracing WMI on a real host.</summary>
        public List<VMIntegrationComponent> VMIntegrationService =>
            _integrationServices ??= Control.Property<VMIntegrationComponent>(GetType().Name, nameof(VMIntegrationService), Id);

        internal override string Key => "/" + Id;

        internal override void WriteKey(Utf8JsonWriter json)
        {
            json.WriteStartObject();
            json.WriteString("Id", Id);
            json.WriteEndObject();
        }
    }

    public partial class VirtualMachine
    {
        // Source: text of such objects in published output.
        public override string ToString() => $"VirtualMachine (Name = '{Name}') [Id = '{Id}']";
    }

    public partial class VMSnapshot
    {
        internal override string Key => VMId + "/" + Id;

        internal override void WriteKey(Utf8JsonWriter json)
        {
            json.WriteStartObject();
            json.WriteString("Id", Id);
            json.WriteString("VMId", VMId);
            json.WriteEndObject();
        }
    }

    public partial class VMIntegrationComponent
    {
        /// <summary>Primary and secondary status as a list; an empty one is left out.</summary>
        public VMIntegrationComponentOperationalStatus[] OperationalStatus =>
            new[] { PrimaryOperationalStatus, SecondaryOperationalStatus }.Where(status => status.HasValue).Select(status => status!.Value).ToArray();

        public string[] StatusDescription =>
            new[] { PrimaryStatusDescription, SecondaryStatusDescription }.Where(text => !string.IsNullOrEmpty(text)).ToArray();

        internal override string Key => VMId + "/" + Id;

        internal override void WriteKey(Utf8JsonWriter json)
        {
            json.WriteStartObject();
            json.WriteString("VMId", VMId);
            json.WriteString("Id", Id);
            json.WriteString("VMSnapshotId", VMSnapshotId);
            json.WriteEndObject();
        }

        // Source: a recorded object. Whether derived types show their own name there is unverified.
        public override string ToString() => $"VMIntegrationComponent (Name = '{Name}', VMName = '{VMName}') [Id = '{Id}', VMId = '{VMId}']";

        /// <summary>The type is told by the component's GUID at the end of "Id".</summary>
        internal static VMIntegrationComponent Create(ref Utf8JsonReader json)
        {
            string id = Json.Peek(json, "Id"u8) ?? "";
            return id.Substring(id.LastIndexOf('\\') + 1).ToUpperInvariant() switch
            {
                "2A34B1C2-FD73-4043-8A5B-DD2159BC743F" => new DataExchangeComponent(),
                "6C09BB55-D683-4DA0-8931-C9BF705F6480" => new GuestServiceInterfaceComponent(),
                "9F8233AC-BE49-4C79-8EE3-E7E1985B2077" => new ShutdownComponent(),
                _ => new VMIntegrationComponent(),
            };
        }
    }

    // Source: types that real scripts test for; the other components are plain VMIntegrationComponent objects.

    public sealed class DataExchangeComponent : VMIntegrationComponent { internal DataExchangeComponent() { } }

    public sealed class GuestServiceInterfaceComponent : VMIntegrationComponent { internal GuestServiceInterfaceComponent() { } }

    public sealed class ShutdownComponent : VMIntegrationComponent { internal ShutdownComponent() { } }
}
