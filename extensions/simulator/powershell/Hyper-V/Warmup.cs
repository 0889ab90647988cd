// Copyright: (c) 2026, hyperv.integration contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

#nullable enable
using System;
using System.Text;

namespace Microsoft.HyperV.PowerShell.Simulation
{
    /// <summary>Compiles what every call needs before the first one: for processes that are started ahead of use.</summary>
    public static class Warmup
    {
        // A method is compiled better after some thirty calls; the loops of a large reply need it.
        private const int Rounds = 40;

        /// <summary>Reads replies and builds objects in this process alone; nothing is asked of the simulator.</summary>
        public static void Run()
        {
            string id = Guid.Empty.ToString();
            string component = $@"{{""Id"":""Microsoft:{id}\\9F8233AC-BE49-4C79-8EE3-E7E1985B2077"",""VMId"":""{id}"",""Name"":""n"",""VMName"":""v"",""Enabled"":true,""PrimaryOperationalStatus"":2,""SecondaryOperationalStatus"":null,""PrimaryStatusDescription"":""OK"",""ComputerName"":""h""}}";
            string machine = $@"{{""Id"":""{id}"",""Name"":""v"",""State"":2,""Uptime"":1.5,""CreationTime"":""2026-01-01T00:00:00Z"",""Heartbeat"":5,""Groups"":[{{""Name"":""g"",""InstanceId"":""{id}""}}],""OperationalStatus"":[2],""Version"":""10.0"",""ParentSnapshotId"":null,""NetworkAdapters"":[{{""Name"":""n"",""VMId"":""{id}"",""Connected"":true,""IPAddresses"":[]}}]}}";
            const string Error = @"{""reason"":""InvalidParameter"",""category"":""InvalidArgument"",""exception"":""VirtualizationException"",""message"":""m"",""target"":""t""}";
            const string Target = @"{""key"":{""Id"":""k""},""name"":""n""}";
            byte[] components = Line($@"{{""ok"":true,""type"":""VMIntegrationComponent"",""objects"":[{component},{component}],""errors"":[{Error}]}}");
            byte[] machines = Line($@"{{""ok"":true,""type"":""VirtualMachine"",""objects"":[{machine},{machine}],""targets"":[{Target}]}}");
            for (int round = 0; round < Rounds; round++)
            {
                Reply.Read(machines);
                foreach (VirtualizationObject read in Reply.Read(components).Objects)
                {
                    _ = read.Key.Length + read.ToString()!.Length;
                }
            }
        }

        private static byte[] Line(string text) => Encoding.UTF8.GetBytes(text);
    }
}
