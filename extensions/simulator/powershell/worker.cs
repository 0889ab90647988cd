// Copyright: (c) 2026, hyperv.integration contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

using System;
using System.Collections;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Management.Automation.Host;
using System.Net.Sockets;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Text;
using System.Threading;

namespace HyperVSimulator
{
    /// <summary>What worker.ps1 needs of the system and PowerShell does not offer.</summary>
    public static class Worker
    {
        private const string BegunVariable = "HVSIM_JOB"; // a file
        private const int StandardInput = 0;
        private const int OwnGroup = 0;
        private const int Killed = 9; // SIGKILL

        private static readonly IDictionary AtStart = Environment.GetEnvironmentVariables();
        private static readonly BlockingCollection<string> Jobs = new BlockingCollection<string>();
        private static Socket control;
        private static IDictionary environment;
        private static string directory;
        private static string job;

        [DllImport("libc")]
        private static extern int dup2(int from, int to);

        [DllImport("libc")]
        private static extern int kill(int process, int signal);

        [DllImport("libc")]
        private static extern int execve(string path, string[] arguments, string[] environment);

        /// <summary>How many jobs there have been, the present one included.</summary>
        public static int Count { get; private set; }

        /// <summary>Take over the socket through which jobs come.</summary>
        /// <returns>Whether there is none yet.</returns>
        public static bool Connect(int descriptor)
        {
            control = new Socket(new SafeSocketHandle((IntPtr)descriptor, true));
            string begun = Environment.GetEnvironmentVariable(BegunVariable);
            if (begun != null)
            {
                Jobs.Add(File.ReadAllText(begun));
                File.Delete(begun);
                Environment.SetEnvironmentVariable(BegunVariable, null);
            }
            return begun == null && control.Available == 0;
        }

        /// <summary>Say that this process is warm, and from now on kill it, and all that it has started, when the other
        /// side of the socket is closed.</summary>
        public static void Listen()
        {
            if (Jobs.Count == 0)
            {
                control.Send(new byte[1]);
            }
            Thread listener = new Thread(() =>
            {
                try
                {
                    StreamReader lines = new StreamReader(new NetworkStream(control));
                    for (string line = lines.ReadLine(); line != null; line = lines.ReadLine())
                    {
                        Jobs.Add(line);
                    }
                }
                finally
                {
                    kill(OwnGroup, Killed);
                }
            });
            listener.IsBackground = true;
            listener.Start();
        }

        /// <summary>Wait for a job.</summary>
        public static string Next()
        {
            environment = Environment.GetEnvironmentVariables();
            directory = Environment.CurrentDirectory;
            job = Jobs.Take();
            Count++;
            return job;
        }

        /// <summary>Say that the job is over, and that this process can do another.</summary>
        public static void Answer(int exitCode)
        {
            Reset(environment);
            Environment.CurrentDirectory = directory;
            Console.Out.Flush();
            Console.Error.Flush();
            control.Send(Encoding.ASCII.GetBytes(exitCode + "\n"));
        }

        /// <summary>Tell whether all code in this process comes from files in these directories, or was made by
        /// PowerShell itself.</summary>
        public static bool IsClean(string[] directories)
        {
            return AppDomain.CurrentDomain.GetAssemblies().All(assembly => assembly.IsDynamic
                || directories.Any(directory => assembly.Location.StartsWith(directory, StringComparison.Ordinal)));
        }

        /// <summary>Begin the job again in a process of its own when an earlier one has left another version of a
        /// type: by its name, PowerShell would find that.</summary>
        public static void Accept(Assembly loaded)
        {
            string[] names = loaded.GetExportedTypes().Select(type => type.FullName).ToArray();
            string place = Path.GetDirectoryName(loaded.Location);
            bool ambiguous = AppDomain.CurrentDomain.GetAssemblies().Any(other => other != loaded && !other.IsDynamic
                && Path.GetDirectoryName(other.Location) == place && names.Any(name => other.GetType(name) != null));
            if (Count < 2 || !ambiguous)
            {
                return;
            }
            string begun = Path.GetTempFileName();
            File.WriteAllText(begun, job);
            Reset(AtStart);
            Environment.SetEnvironmentVariable(BegunVariable, begun);
            Become(Environment.ProcessPath, Environment.GetCommandLineArgs());
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

        private static void Reset(IDictionary variables)
        {
            foreach (string name in Environment.GetEnvironmentVariables().Keys)
            {
                if (!variables.Contains(name))
                {
                    Environment.SetEnvironmentVariable(name, null);
                }
            }
            foreach (DictionaryEntry variable in variables)
            {
                Environment.SetEnvironmentVariable((string)variable.Key, (string)variable.Value);
            }
        }

        private static string[] Terminated(IEnumerable<string> texts)
        {
            return texts.Append(null).ToArray();
        }
    }

    /// <summary>The worker's own host, but for an end that a script asks for: that is the end of the job.</summary>
    public sealed class JobHost : PSHost
    {
        private readonly PSHost worker;
        private readonly Guid id = Guid.NewGuid();

        public JobHost(PSHost worker)
        {
            this.worker = worker;
        }

        public int ExitCode { get; private set; }
        public override CultureInfo CurrentCulture { get; } = CultureInfo.CurrentCulture;
        public override CultureInfo CurrentUICulture { get; } = CultureInfo.CurrentUICulture;
        public override Guid InstanceId => id;
        public override string Name => worker.Name;
        public override PSHostUserInterface UI => worker.UI;
        public override Version Version => worker.Version;
        public override void EnterNestedPrompt() => worker.EnterNestedPrompt();
        public override void ExitNestedPrompt() => worker.ExitNestedPrompt();
        public override void NotifyBeginApplication() => worker.NotifyBeginApplication();
        public override void NotifyEndApplication() => worker.NotifyEndApplication();
        public override void SetShouldExit(int exitCode) => ExitCode = exitCode;
    }
}
