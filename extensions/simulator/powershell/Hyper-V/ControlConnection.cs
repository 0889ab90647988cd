// Copyright: (c) 2026, hyperv.integration contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

#nullable enable
using System;
using System.Collections.Concurrent;
using System.Net.Sockets;

namespace Microsoft.HyperV.PowerShell.Simulation
{
    internal delegate T ReadLine<T>(ReadOnlySpan<byte> line);

    /// <summary>
    /// A connection to the simulator's control socket: one JSON line out, one JSON line back.
    /// Connections are kept and reused; calls at the same time (several runspaces in a process) use one each.
    /// </summary>
    internal sealed class ControlConnection : IDisposable
    {
        internal const string SocketVariable = "HVSIM_CONTROL";
        internal const string HostVariable = "HVSIM_HOST";

        private static readonly ConcurrentBag<ControlConnection> Idle = new();

        private readonly string _path;
        private readonly Socket _socket;
        private byte[] _buffer = new byte[1 << 16];

        private ControlConnection(string path)
        {
            _path = path;
            _socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            try
            {
                _socket.Connect(new UnixDomainSocketEndPoint(path));
            }
            catch (SocketException e)
            {
                _socket.Dispose();
                throw new SimulatorException($"The Hyper-V simulator does not answer at '{path}' ({e.Message}). Start it with 'hvsim up'.", e);
            }
        }

        /// <summary>Name of the simulated host that this process plays.</summary>
        internal static string HostName => Required(HostVariable);

        /// <summary>Send a request and read the reply.</summary>
        /// <param name="read">Reads the line of the reply, which is valid only during this call.</param>
        /// <param name="used">Told the connection for the time of the exchange, so that another thread can break it off.</param>
        internal static T Exchange<T>(Request request, ReadLine<T> read, Action<ControlConnection?>? used = null)
        {
            ControlConnection connection = Rent();
            try
            {
                used?.Invoke(connection);
                T result = read(connection.Ask(request.Line()));
                Idle.Add(connection);
                return result;
            }
            catch
            {
                connection.Dispose();
                throw;
            }
            finally
            {
                used?.Invoke(null);
            }
        }

        private static ControlConnection Rent()
        {
            string path = Required(SocketVariable);
            while (Idle.TryTake(out ControlConnection? connection))
            {
                if (connection._path == path && connection.IsAlive())
                {
                    return connection;
                }

                connection.Dispose();
            }

            return new ControlConnection(path);
        }

        public void Dispose() => _socket.Dispose();

        private ReadOnlySpan<byte> Ask(ReadOnlySpan<byte> line)
        {
            try
            {
                for (int sent = 0; sent < line.Length;)
                {
                    sent += _socket.Send(line[sent..]);
                }

                return ReceiveLine();
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                throw new SimulatorException($"The connection to the Hyper-V simulator at '{_path}' broke: {e.Message}", e);
            }
        }

        private ReadOnlySpan<byte> ReceiveLine()
        {
            int length = 0;
            while (true)
            {
                if (length == _buffer.Length)
                {
                    Array.Resize(ref _buffer, _buffer.Length * 2);
                }

                int received = _socket.Receive(_buffer.AsSpan(length));
                if (received == 0)
                {
                    throw new SimulatorException($"The Hyper-V simulator at '{_path}' closed the connection.");
                }

                // The server answers one line a request, so the line feed can only be the last byte.
                length += received;
                if (_buffer[length - 1] == (byte)'\n')
                {
                    return _buffer.AsSpan(0, length - 1);
                }
            }
        }

        /// <summary>False for a connection whose other end is gone (readable although nothing was asked), or that was broken off.</summary>
        private bool IsAlive()
        {
            try
            {
                return !_socket.Poll(0, SelectMode.SelectRead);
            }
            catch (ObjectDisposedException)
            {
                return false;
            }
        }

        private static string Required(string variable) => Environment.GetEnvironmentVariable(variable) is { Length: > 0 } value
            ? value
            : throw new SimulatorException($"The environment variable {variable} is not set: this Hyper-V module is a stand-in that works only with a running simulator ('hvsim up', then 'hvsim inventory').");
    }

    /// <summary>The simulator is absent or answered nonsense: a fault of the set-up, never one that Hyper-V would report.</summary>
    public sealed class SimulatorException : Exception
    {
        internal SimulatorException(string message, Exception? inner = null) : base(message, inner) { }
    }
}
