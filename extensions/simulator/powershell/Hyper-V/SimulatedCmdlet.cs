// Copyright: (c) 2026, hyperv.integration contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

#nullable enable
using System;
using System.Collections;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Management.Automation;
using System.Text.Json;

namespace Microsoft.HyperV.PowerShell.Simulation
{
    /// <summary>
    /// What all stand-in cmdlets share: each pipeline record becomes a request to the control server, which knows what
    /// Hyper-V would do; objects and errors of its reply are written as the real cmdlet would write them.
    /// </summary>
    public abstract class SimulatedCmdlet : PSCmdlet
    {
        private const int MostItems = 20;

        private readonly string _invocation = Guid.NewGuid().ToString();
        private readonly List<VirtualizationObject> _handedIn = new();
        private volatile ControlConnection? _connection;
        private Dictionary<string, VirtualizationObject>? _byKey;
        private int _record = -1;

        protected sealed override void ProcessRecord()
        {
            _record++;
            _byKey = null;
            _handedIn.Clear();
            foreach (KeyValuePair<string, object> parameter in Parameters())
            {
                RefuseUnlessSimulated(parameter.Key, parameter.Value);
                Collect(parameter.Value);
            }

            Execute();
        }

        /// <summary>Ends a call that waits for its reply.</summary>
        protected sealed override void StopProcessing() => _connection?.Dispose();

        private protected abstract void Execute();

        private protected IReadOnlyList<VirtualizationObject> HandedIn => _handedIn;

        /// <summary>Send one phase of the current record and read the reply.</summary>
        /// <param name="phase">"run" reads, "targets" asks what a change would touch, "apply" makes it.</param>
        /// <param name="more">Writes what this phase has to tell beyond the parameters.</param>
        private protected Reply Call(string phase, Action<Utf8JsonWriter>? more = null)
        {
            try
            {
                var request = new Request("cmdlet");
                Write(request.Json, phase);
                more?.Invoke(request.Json);
                return ControlConnection.Exchange(request, Reply.Read, InUse);
            }
            catch (Exception e) when (e is SimulatorException or JsonException)
            {
                if (Stopping)
                {
                    throw new PipelineStoppedException();
                }

                ThrowTerminatingError(new ErrorRecord(e, "SimulatorUnavailable", ErrorCategory.ConnectionError, null));
                throw;
            }
        }

        private void InUse(ControlConnection? connection)
        {
            _connection = connection;
            if (Stopping)
            {
                connection?.Dispose();
            }
        }

        private protected void Emit(Reply reply)
        {
            reply.Warnings.ForEach(WriteWarning);
            foreach (VirtualizationObject item in reply.Objects)
            {
                WriteObject(item);
            }

            foreach (Failure failure in reply.Failures)
            {
                var record = new ErrorRecord(failure.ToException(), failure.Reason, failure.Category, TargetOf(failure));
                if (failure.Terminating)
                {
                    ThrowTerminatingError(record);
                }

                WriteError(record);
            }
        }

        private void Write(Utf8JsonWriter json, string phase)
        {
            json.WriteString("command", MyInvocation.MyCommand.Name);
            json.WriteString("parameter_set", ParameterSetName);
            json.WriteString("invocation", _invocation);
            json.WriteNumber("record", _record);
            json.WriteString("caller", Path.GetFileName(MyInvocation.ScriptName));
            json.WriteString("phase", phase);
            json.WriteStartObject("parameters");
            foreach (KeyValuePair<string, object> parameter in Parameters())
            {
                json.WritePropertyName(parameter.Key);
                if (phase == "apply" && parameter.Value is VirtualizationObject[] { Length: > MostItems } many)
                {
                    // The confirmed keys name them already.
                    json.WriteStartObject();
                    json.WriteNumber("count", many.Length);
                    json.WriteEndObject();
                }
                else
                {
                    WriteValue(json, parameter.Value);
                }
            }

            json.WriteEndObject();
        }

        /// <summary>
        /// The cmdlet's own parameters that are bound for this record. BoundParameters alone would not do: it keeps what
        /// an earlier pipeline object bound in another parameter set.
        /// </summary>
        private IEnumerable<KeyValuePair<string, object>> Parameters()
        {
            Dictionary<string, ParameterMetadata> known = MyInvocation.MyCommand.Parameters;
            return MyInvocation.BoundParameters.Where(bound =>
                !CommonParameters.Contains(bound.Key)
                && !OptionalCommonParameters.Contains(bound.Key)
                && known.TryGetValue(bound.Key, out ParameterMetadata? parameter)
                && (parameter.ParameterSets.ContainsKey(ParameterSetName)
                    || parameter.ParameterSets.ContainsKey(ParameterAttribute.AllParameterSets)));
        }

        private static void WriteValue(Utf8JsonWriter json, object? value)
        {
            if (value is PSObject wrapped && wrapped.BaseObject is not PSCustomObject)
            {
                value = wrapped.BaseObject;
            }

            switch (value)
            {
                case null: json.WriteNullValue(); break;
                case string text: json.WriteStringValue(text); break;
                case bool truth: json.WriteBooleanValue(truth); break;
                case SwitchParameter given: json.WriteBooleanValue(given); break;
                case Guid guid: json.WriteStringValue(guid); break;
                case Enum member: json.WriteNumberValue(Convert.ToInt64(member)); break;
                case VirtualizationObject handed: handed.WriteKey(json); break;
                case PSCredential credential: json.WriteStringValue(credential.UserName); break;
                case ulong large: json.WriteNumberValue(large); break;
                case sbyte or byte or short or ushort or int or uint or long: json.WriteNumberValue(Convert.ToInt64(value)); break;
                case IEnumerable items:
                    json.WriteStartArray();
                    foreach (object? item in items)
                    {
                        WriteValue(json, item);
                    }

                    json.WriteEndArray();
                    break;

                // Get-VM -ClusterObject takes any object that names a cluster group.
                case PSObject custom when custom.Properties["Name"] is { } name:
                    json.WriteStartObject();
                    json.WriteString("Name", name.Value?.ToString());
                    json.WriteEndObject();
                    break;
                default: json.WriteStringValue(value.ToString() ?? ""); break;
            }
        }

        private void Collect(object? value)
        {
            switch (value)
            {
                case VirtualizationObject item: _handedIn.Add(item); break;
                case VirtualizationObject[] items: _handedIn.AddRange(items); break;
            }
        }

        /// <summary>The object that an error is about: the very one that was handed in, where it was.</summary>
        private object? TargetOf(Failure failure)
        {
            if (failure.TargetKey == null)
            {
                return failure.Target;
            }

            if (_byKey == null)
            {
                _byKey = new(StringComparer.OrdinalIgnoreCase);
                foreach (VirtualizationObject item in _handedIn)
                {
                    _byKey.TryAdd(item.Key, item);
                }
            }

            return _byKey.TryGetValue(failure.TargetKey, out VirtualizationObject? found) ? found : failure.TargetKey;
        }

        private void RefuseUnlessSimulated(string parameter, object? value)
        {
            bool refused = parameter switch
            {
                "CimSession" or "Credential" => value is Array { Length: > 0 },
                "ComputerName" => value is string[] names && Array.Exists(names, name => !IsThisHost(name)),
                "AsJob" => value is SwitchParameter { IsPresent: true },
                _ => false,
            };
            if (refused)
            {
                string message = $"-{parameter} is not simulated: this stand-in for {MyInvocation.MyCommand.Name} answers for the simulated host '{ControlConnection.HostName}' alone, in the foreground and as the connected user. Leave the parameter out.";
                ThrowTerminatingError(new ErrorRecord(new NotSupportedException(message), "NotSimulated", ErrorCategory.NotImplemented, value));
            }
        }

        private static bool IsThisHost(string name) =>
            name is "." or "127.0.0.1" or "::1"
            || name.Equals("localhost", StringComparison.OrdinalIgnoreCase)
            || name.Equals(ControlConnection.HostName, StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>A cmdlet that only reads.</summary>
    public abstract class ReadingCmdlet : SimulatedCmdlet
    {
        private protected sealed override void Execute() => Emit(Call("run"));
    }

    /// <summary>A cmdlet that changes: what it would touch is confirmed target by target, then done in one request.</summary>
    public abstract class ChangingCmdlet : SimulatedCmdlet
    {
        private readonly List<ErrorRecord> _unasked = new();
        private bool _yesToAll;
        private bool _noToAll;

        private protected sealed override void Execute()
        {
            _unasked.Clear();

            // Components that were handed in need no look-up.
            bool handedIn = ParameterSetName == "VMIntegrationService";
            var confirmed = handedIn ? ConfirmComponents() : ConfirmTargets();
            if (confirmed != null || _unasked.Count > 0)
            {
                // The ledger is to have the errors too; with -ErrorAction Stop nothing can be sent once one is written.
                Emit(Call("apply", json =>
                {
                    json.WriteStartArray("confirmed");
                    confirmed?.Invoke(json);
                    json.WriteEndArray();
                    json.WriteStartArray("errors");
                    _unasked.ForEach(error => json.WriteStringValue(error.FullyQualifiedErrorId));
                    json.WriteEndArray();
                }));
                _unasked.ForEach(WriteError);
            }
        }

        private Action<Utf8JsonWriter>? ConfirmComponents()
        {
            var confirmed = new List<VMIntegrationComponent>();
            foreach (VirtualizationObject item in HandedIn)
            {
                var component = (VMIntegrationComponent)item;
                if (ShouldProcess(component.VMName))
                {
                    confirmed.Add(component);
                }
            }

            return confirmed.Count == 0 ? null : json => confirmed.ForEach(component => component.WriteKey(json));
        }

        private Action<Utf8JsonWriter>? ConfirmTargets()
        {
            Reply reply = Call("targets");
            Emit(reply);
            List<Target> confirmed = reply.Targets.FindAll(target => ShouldProcess(target.Name) && ShouldContinueWith(target));
            return confirmed.Count == 0 ? null : json => confirmed.ForEach(target => json.WriteRawValue(target.Key));
        }

        /// <summary>The question that some cmdlets ask unless -Force is given. A host that cannot ask makes it an error.</summary>
        private bool ShouldContinueWith(Target target)
        {
            bool forced = MyInvocation.BoundParameters.TryGetValue("Force", out object? force) && force is SwitchParameter { IsPresent: true };
            if (target.Question == null || forced)
            {
                return true;
            }

            try
            {
                return ShouldContinue(target.Question, "", ref _yesToAll, ref _noToAll);
            }
            catch (Exception e) when (e is not PipelineStoppedException)
            {
                // Source: recorded error of Stop-VM in a host started with -NonInteractive.
                _unasked.Add(new ErrorRecord(new VirtualizationException(e.Message), "InvalidOperation", ErrorCategory.InvalidOperation, target.Name));
                return false;
            }
        }
    }
}
