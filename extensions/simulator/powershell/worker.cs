// Copyright: (c) 2026, hyperv.integration contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

using System;
using System.Collections;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Runtime.InteropServices;
using System.Threading;

namespace HyperVSimulator
{
    /// <summary>What worker.ps1 needs of the system and PowerShell does not offer.</summary>
    public static class Worker
    {
        private const int StandardInput = 0;
        private const int OwnGroup = 0;
        private const int Killed = 9; // SIGKILL

        [DllImport("libc")]
        private static extern int dup2(int from, int to);

        [DllImport("libc")]
        private static extern int kill(int process, int signal);

        [DllImport("libc")]
        private static extern int execve(string path, string[] arguments, string[] environment);

        /// <summary>Kill this process, and all that it has started, when the other side of `control` is closed.</summary>
        public static void EndWith(TextReader control)
        {
            Thread watchdog = new Thread(() =>
            {
                try
                {
                    while (control.ReadLine() != null) { }
                }
                finally
                {
                    kill(OwnGroup, Killed);
                }
            });
            watchdog.IsBackground = true;
            watchdog.Start();
        }

        /// <summary>Make a file descriptor the standard input of this process.</summary>
        public static void TakeInput(int descriptor)
        {
            dup2(descriptor, StandardInput);
        }

        /// <summary>Become another program with this process's environment; does not return.</summary>
        public static void Become(string program, string[] arguments)
        {
            IEnumerable<string> variables = Environment.GetEnvironmentVariables()
                .Cast<DictionaryEntry>()
                .Select(variable => variable.Key + "=" + variable.Value);
            execve(program, Terminated(arguments), Terminated(variables));
            throw new InvalidOperationException("cannot start " + program);
        }

        private static string[] Terminated(IEnumerable<string> texts)
        {
            return texts.Append(null).ToArray();
        }
    }
}
