; The Windows installer, per user or per machine, with or without a window. Compiled by packaging/installer.py.
;
;   Negatoscope-0.1.0-cpu-setup.exe /S /CurrentUser          silent, for this user, without rights of an administrator
;   Negatoscope-0.1.0-cpu-setup.exe /S /AllUsers /D=C:\path  silent, for the machine
;
; Exit status: 0 done, 1 given up by the user, 2 nothing was changed (a running program, no room, no rights, a system that
; it is not for).

!ifndef PAYLOAD | SLASH | VERSION | FLAVOUR | OUT
  !error "Run packaging/installer.py, which says what to pack."
!endif
!if ${FLAVOUR} == "cpu"
  !define NAME "Negatoscope"
!else
  !define NAME "Negatoscope (${FLAVOUR})"
!endif
!define KEY "Software\Microsoft\Windows\CurrentVersion\Uninstall\${NAME}"
!define FILETYPE "Negatoscope.${FLAVOUR}.dicom"

Unicode true
ManifestDPIAware true
ManifestSupportedOS all ; or Windows calls itself an older one
SetCompressor /SOLID lzma
!define MULTIUSER_EXECUTIONLEVEL Highest
!define MULTIUSER_MUI
!define MULTIUSER_INSTALLMODE_COMMANDLINE
!define MULTIUSER_INSTALLMODE_INSTDIR "${NAME}"
!define MULTIUSER_INSTALLMODE_INSTDIR_REGISTRY_KEY "${KEY}"
!define MULTIUSER_INSTALLMODE_INSTDIR_REGISTRY_VALUENAME "InstallLocation"
!define MULTIUSER_INSTALLMODE_DEFAULT_REGISTRY_KEY "${KEY}"
!define MULTIUSER_INSTALLMODE_DEFAULT_REGISTRY_VALUENAME "UninstallString"
!define MULTIUSER_USE_PROGRAMFILES64
!include MultiUser.nsh
!include MUI2.nsh
!include LogicLib.nsh
!include FileFunc.nsh
!include WinVer.nsh
!include x64.nsh

Name "${NAME}"
OutFile "${OUT}"
BrandingText "Research use, not a medical device."
!define MUI_ICON "${ICON}"
!define MUI_UNICON "${ICON}"
!insertmacro MUI_PAGE_LICENSE "${LICENCE}"
!insertmacro MULTIUSER_PAGE_INSTALLMODE
!insertmacro MUI_PAGE_DIRECTORY
!insertmacro MUI_PAGE_INSTFILES
!insertmacro MUI_UNPAGE_CONFIRM
!insertmacro MUI_UNPAGE_INSTFILES
!insertmacro MUI_LANGUAGE "English"
VIProductVersion "${VERSION}.0"
VIAddVersionKey "ProductName" "${NAME}"
VIAddVersionKey "ProductVersion" "${VERSION}"
VIAddVersionKey "FileVersion" "${VERSION}"
VIAddVersionKey "FileDescription" "Installs Negatoscope, a viewer for chest radiographs"
VIAddVersionKey "LegalCopyright" "Apache License 2.0"

!macro GiveUp sentence
  MessageBox MB_OK|MB_ICONEXCLAMATION "${sentence} Nothing was changed." /SD IDOK
  SetErrorLevel 2
  Quit
!macroend

; A running program can't be opened for writing: the window, or a training run in the background.
!macro RefuseWhileRunning
  !define ID ${__LINE__}
  ${If} ${FileExists} "$INSTDIR\Negatoscope.exe"
    ClearErrors
    FileOpen $0 "$INSTDIR\Negatoscope.exe" a
    IfErrors held_${ID}
    FileClose $0
    FileOpen $0 "$INSTDIR\negatoscope-cli.exe" a
    IfErrors held_${ID}
    FileClose $0
  ${EndIf}
  Goto free_${ID}
  held_${ID}:
    !insertmacro GiveUp "${NAME} is running, perhaps a training run in the background, or you may not write here. Close it, then do this again."
  free_${ID}:
  !undef ID
!macroend

; For whom: MultiUser.nsh asks in a window where rights are missing, which nobody sees who installs silently. And it sets
; $INSTDIR anew, whatever stood behind /D, or where the uninstaller lies.
!macro ForWhom init
  ${GetParameters} $0
  ClearErrors
  ${GetOptions} $0 "/AllUsers" $1
  ${IfNot} ${Errors}
    UserInfo::GetAccountType
    Pop $1
    ${If} $1 != "Admin"
    ${AndIf} $1 != "Power"
      !insertmacro GiveUp "You have no right to do this for all users of this computer."
    ${EndIf}
  ${EndIf}
  StrCpy $Chosen $INSTDIR
  !insertmacro ${init}
  ${If} $Chosen != ""
    StrCpy $INSTDIR $Chosen
  ${EndIf}
!macroend
Var Chosen

Function .onInit
  ${IfNot} ${RunningX64}
  ${OrIfNot} ${AtLeastWin10}
    !insertmacro GiveUp "${NAME} is for Windows 10 with 64 bits, and what is newer."
  ${EndIf}
  !insertmacro ForWhom MULTIUSER_INIT
FunctionEnd

Function un.onInit
  !insertmacro ForWhom MULTIUSER_UNINIT
FunctionEnd

; A full disk ends the unpacking: what was there before still stands.
Function .onInstFailed
  SetOutPath "$TEMP" ; the folder that one stands in can't be removed
  RMDir /r "$INSTDIR\incoming"
  RMDir "$INSTDIR"
  SetErrorLevel 2
FunctionEnd

!macro EachPart do
  !insertmacro ${do} "_internal"
  !insertmacro ${do} "licences"
  !insertmacro ${do} "Negatoscope.exe"
  !insertmacro ${do} "negatoscope-cli.exe"
!macroend

!macro Remove part
  Delete "$INSTDIR\${part}"
  RMDir /r "$INSTDIR\${part}"
!macroend

!macro RemoveOld part
  !insertmacro Remove "${part}.old"
!macroend

!macro PutBack part
  ${If} ${FileExists} "$INSTDIR\${part}.old"
    !insertmacro Remove "${part}"
    Rename "$INSTDIR\${part}.old" "$INSTDIR\${part}"
  ${EndIf}
!macroend

!macro Replace part
  ${If} ${FileExists} "$INSTDIR\${part}"
    Rename "$INSTDIR\${part}" "$INSTDIR\${part}.old"
  ${EndIf}
  Rename "$INSTDIR\incoming\${part}" "$INSTDIR\${part}"
  IfErrors not_replaced
!macroend

; A key that somebody else has put something into stays.
!macro RemoveEmptyKey key
  ClearErrors
  EnumRegValue $0 SHCTX "${key}" 0
  ${If} ${Errors}
    EnumRegKey $0 SHCTX "${key}" 0
    ${If} $0 == ""
      DeleteRegKey SHCTX "${key}"
    ${EndIf}
  ${EndIf}
!macroend

Section "Negatoscope"
  !insertmacro RefuseWhileRunning
  ; All of it is unpacked beside the old version, which is replaced only when the new one is whole. What is left of an
  ; installation that was cut short is put right first.
  !insertmacro EachPart PutBack
  RMDir /r "$INSTDIR\incoming"
  SetOutPath "$INSTDIR\incoming"
  ClearErrors
  File /r "${PAYLOAD}${SLASH}*"
  ${If} ${Errors}
    Abort "There is not enough room, or you may not write here. Nothing was changed."
  ${EndIf}
  SetOutPath "$INSTDIR"
  ClearErrors
  !insertmacro EachPart Replace
  Goto replaced
  not_replaced:
    !insertmacro EachPart PutBack
    Abort "The old version is in use. Nothing was changed."
  replaced:
  !insertmacro EachPart RemoveOld
  RMDir /r "$INSTDIR\incoming"
  WriteUninstaller "$INSTDIR\uninstall.exe"

  CreateShortcut "$SMPROGRAMS\${NAME}.lnk" "$INSTDIR\Negatoscope.exe"
  ; DICOM files can be opened with it; the program that opens them now stays the first.
  WriteRegStr SHCTX "Software\Classes\${FILETYPE}" "" "DICOM image"
  WriteRegStr SHCTX "Software\Classes\${FILETYPE}\DefaultIcon" "" "$INSTDIR\Negatoscope.exe,0"
  WriteRegStr SHCTX "Software\Classes\${FILETYPE}\shell\open\command" "" '"$INSTDIR\Negatoscope.exe" "%1"'
  WriteRegStr SHCTX "Software\Classes\.dcm\OpenWithProgids" "${FILETYPE}" ""
  WriteRegStr SHCTX "Software\Classes\.dicom\OpenWithProgids" "${FILETYPE}" ""
  System::Call 'shell32::SHChangeNotify(i 0x8000000, i 0, p 0, p 0)'

  WriteRegStr SHCTX "${KEY}" "DisplayName" "${NAME}"
  WriteRegStr SHCTX "${KEY}" "DisplayVersion" "${VERSION}"
  WriteRegStr SHCTX "${KEY}" "DisplayIcon" "$INSTDIR\Negatoscope.exe"
  WriteRegStr SHCTX "${KEY}" "Publisher" "The Negatoscope developers"
  WriteRegStr SHCTX "${KEY}" "InstallLocation" "$INSTDIR"
  WriteRegStr SHCTX "${KEY}" "UninstallString" '"$INSTDIR\uninstall.exe" /$MultiUser.InstallMode'
  WriteRegStr SHCTX "${KEY}" "QuietUninstallString" '"$INSTDIR\uninstall.exe" /$MultiUser.InstallMode /S'
  WriteRegDWORD SHCTX "${KEY}" "EstimatedSize" ${SIZE_KB}
  WriteRegDWORD SHCTX "${KEY}" "NoModify" 1
  WriteRegDWORD SHCTX "${KEY}" "NoRepair" 1
SectionEnd

; By name, and never the whole folder: the user may have chosen one that holds more. The user's data stay. Where the
; newest installation lies elsewhere, what Windows knows is about that one.
Section "Uninstall"
  !insertmacro RefuseWhileRunning
  SetOutPath "$TEMP" ; the folder that one stands in can't be removed
  !insertmacro EachPart Remove
  !insertmacro EachPart RemoveOld
  RMDir /r "$INSTDIR\incoming"
  Delete "$INSTDIR\uninstall.exe"
  RMDir "$INSTDIR"
  ReadRegStr $0 SHCTX "${KEY}" "InstallLocation"
  ${If} $0 == $INSTDIR
    Delete "$SMPROGRAMS\${NAME}.lnk"
    DeleteRegKey SHCTX "Software\Classes\${FILETYPE}"
    DeleteRegValue SHCTX "Software\Classes\.dcm\OpenWithProgids" "${FILETYPE}"
    DeleteRegValue SHCTX "Software\Classes\.dicom\OpenWithProgids" "${FILETYPE}"
    !insertmacro RemoveEmptyKey "Software\Classes\.dcm\OpenWithProgids"
    !insertmacro RemoveEmptyKey "Software\Classes\.dcm"
    !insertmacro RemoveEmptyKey "Software\Classes\.dicom\OpenWithProgids"
    !insertmacro RemoveEmptyKey "Software\Classes\.dicom"
    DeleteRegKey SHCTX "${KEY}"
    System::Call 'shell32::SHChangeNotify(i 0x8000000, i 0, p 0, p 0)'
  ${EndIf}
SectionEnd
