// Copyright: (c) 2026, hyperv.integration contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

#nullable enable
using System;

namespace Microsoft.HyperV.PowerShell
{
    // Source: exception kinds seen in recorded errors of the real cmdlets. How they derive from each other is inferred.

    /// <summary>An error of the Hyper-V cmdlets.</summary>
    public class VirtualizationException : Exception
    {
        internal VirtualizationException(string message) : base(message) { }

        /// <summary>The exception of the named kind.</summary>
        internal static VirtualizationException Create(string kind, string message) => kind switch
        {
            nameof(VirtualizationInvalidArgumentException) => new VirtualizationInvalidArgumentException(message),
            nameof(VirtualizationOperationFailedException) => new VirtualizationOperationFailedException(message),
            _ => new VirtualizationException(message),
        };
    }

    /// <summary>An argument names something that does not exist.</summary>
    public class VirtualizationInvalidArgumentException : VirtualizationException
    {
        internal VirtualizationInvalidArgumentException(string message) : base(message) { }
    }

    /// <summary>An operation was accepted and failed.</summary>
    public class VirtualizationOperationFailedException : VirtualizationException
    {
        internal VirtualizationOperationFailedException(string message) : base(message) { }
    }
}
